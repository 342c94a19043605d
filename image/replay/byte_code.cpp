#include "image/replay/byte_code.hpp"

#include <algorithm>
#include <atomic>
#include <bit>
#include <cerrno>
#include <mutex>
#include <thread>
#include <unordered_map>

#include <fcntl.h>
#include <fmt/core.h>

#include "fetch/archive/mapped_file.hpp"
#include "image/replay/environment_python.hpp"
#include "image/replay/output_file.hpp"

namespace aimlock {
namespace {

/// SipHash with one or two rounds a word and three or four at the end: what Python hashes sources with. The
/// second half of its key is always zero there.
std::uint64_t siphash(std::string_view text, std::uint64_t key, int word_rounds, int end_rounds) {
    std::uint64_t v0 = key ^ 0x736f6d6570736575U;
    std::uint64_t v1 = 0x646f72616e646f6dU;
    std::uint64_t v2 = key ^ 0x6c7967656e657261U;
    std::uint64_t v3 = 0x7465646279746573U;
    const auto mix = [&](int rounds) {
        for (int i = 0; i < rounds; ++i) {
            v0 += v1;
            v2 += v3;
            v1 = std::rotl(v1, 13) ^ v0;
            v3 = std::rotl(v3, 16) ^ v2;
            v0 = std::rotl(v0, 32);
            v2 += v1;
            v0 += v3;
            v1 = std::rotl(v1, 17) ^ v2;
            v3 = std::rotl(v3, 21) ^ v0;
            v2 = std::rotl(v2, 32);
        }
    };
    const auto absorb = [&](std::uint64_t word) {
        v3 ^= word;
        mix(word_rounds);
        v0 ^= word;
    };
    const std::uint64_t length = text.size();
    const auto word_of = [](std::string_view bytes) {
        std::uint64_t word = 0;
        for (std::size_t i = bytes.size(); i-- > 0;)
            word = (word << 8U) | static_cast<unsigned char>(bytes[i]);
        return word;
    };
    for (; text.size() >= 8; text.remove_prefix(8)) absorb(word_of(text.substr(0, 8)));
    absorb((length << 56U) | word_of(text));
    v2 ^= 0xFFU;
    mix(end_rounds);
    return v0 ^ v1 ^ v2 ^ v3;
}

std::uint32_t four_bytes(std::string_view bytes) {
    std::uint32_t value = 0;
    for (std::size_t i = 4; i-- > 0;) value = (value << 8U) | static_cast<unsigned char>(bytes[i]);
    return value;
}

constexpr const char* compile_program =
    "import sys\n"
    "del sys.path[0]\n"  // the folder that the installation was started in
    "import py_compile\n"
    "stage, prefix = sys.argv[1:]\n"
    "mode = py_compile.PycInvalidationMode.UNCHECKED_HASH\n"
    "for line in sys.stdin.read().split('\\n'):\n"
    "    try:\n"
    "        if line: py_compile.compile(stage + '/' + line, dfile=prefix + '/' + line, doraise=True, "
    "invalidation_mode=mode)\n"
    "    except Exception: pass\n";

/// Runs the compiler in `folder`'s Python over the paths in `list`. False when it did not end well.
/// `-S`: no .pth file of what was just installed is run.
bool run_compiler(const std::filesystem::path& folder,
                  const std::string& prefix,
                  const std::filesystem::path& list) {
    return run_environment_python({folder / "bin/python", "-s", "-S", "-W", "ignore", "-X", "utf8", "-c",
                                   compile_program, folder, prefix},
                                  list);
}

Result<void> write_file(const std::filesystem::path& file, std::string_view content) {
    auto out = OutputFile::create(AT_FDCWD, file.string(), {false, true, false});
    if (!out) return tl::make_unexpected(out.error());
    auto done = out->append(content);
    if (!done) return done;
    if (const auto closed = out->finish(); !closed) return tl::make_unexpected(closed.error());
    return {};
}

Result<void> rewrite_shipped(ReplayedFile& file,
                             const std::filesystem::path& folder,
                             const std::string& source) {
    std::string code;
    {
        const auto source_bytes = MappedFile::open(folder / source);
        const auto code_bytes = MappedFile::open(folder / file.path);
        if (!source_bytes || !code_bytes) return {};
        code = code_bytes->bytes();
        if (!make_unchecked(code, source_bytes->bytes())) return {};
    }
    // A new file in place of the old: its bytes may be shared with another name.
    const std::filesystem::path fresh = folder / (file.path + ".aimlock-new");
    auto written = write_file(fresh, code);
    if (!written) return written;
    if (::rename(fresh.c_str(), (folder / file.path).c_str()) != 0) return errno_failure("write", file.path);
    file.sha256 = sha256_of(code);
    return {};
}

/// The package's sources that have no byte code yet, one a line, sorted.
std::string sources_to_compile(const ReplayedPackage& package, const PrefixLayout& layout) {
    std::vector<std::string_view> have;
    std::vector<std::string> sources;
    for (const ReplayedFile& file : package.files) {
        if (std::string source = source_of_byte_code(file.path); !source.empty())
            sources.push_back(std::move(source));
    }
    std::ranges::sort(sources);
    std::string list;
    const std::string folder = layout.site_packages + "/";
    for (const ReplayedFile& file : package.files) {
        const bool is_source = file.kind == ReplayedFile::Kind::file && file.path.ends_with(".py") &&
                               file.path.starts_with(folder);
        if (is_source && !std::ranges::binary_search(sources, file.path)) list += file.path + "\n";
    }
    return list;
}

/// The work on all packages, shared by threads.
struct Work {
    std::vector<ReplayedPackage>& packages;
    const PrefixLayout& layout;
    const std::filesystem::path& folder;
    Progress& progress;
    bool compiles;
    std::atomic<std::size_t> next{0};
    std::atomic<bool> failed_to_start{false};
    std::mutex mutex{};
    Result<void> result{};

    Result<void> one(std::size_t index) {
        ReplayedPackage& package = packages[index];
        for (ReplayedFile& file : package.files) {
            const std::string source = source_of_byte_code(file.path);
            if (source.empty() || file.kind != ReplayedFile::Kind::file) continue;
            // What comes from the store was settled there, and its bytes are other prefixes' too.
            if (file.changed_ns != 0) continue;
            auto done = rewrite_shipped(file, folder, source);
            if (!done) return done;
        }
        if (!package.compiles || !compiles || failed_to_start) return {};
        const std::string sources = sources_to_compile(package, layout);
        if (sources.empty()) return {};
        const std::filesystem::path list = folder / fmt::format(".aimlock-work/{}", index);
        auto listed = write_file(list, sources);
        if (!listed) return listed;
        if (!run_compiler(folder, layout.prefix, list)) failed_to_start = true;
        return {};
    }

    void run() {
        for (std::size_t index = next++; index < packages.size(); index = next++) {
            auto done = one(index);
            progress.advance(1);
            if (done) continue;
            const std::lock_guard lock(mutex);
            result = done;
            next = packages.size();
        }
    }
};

}  // namespace

std::string source_of_byte_code(std::string_view code) {
    const std::size_t slash = code.rfind('/');
    constexpr std::string_view cache = "__pycache__";
    if (slash == std::string_view::npos || !code.ends_with(".pyc")) return {};
    std::string_view folder = code.substr(0, slash);
    if (!folder.ends_with(cache)) return {};
    folder.remove_suffix(cache.size());
    const std::string_view name = code.substr(slash + 1);
    return std::string(folder) + std::string(name.substr(0, name.find('.'))) + ".py";
}

bool make_unchecked(std::string& code, std::string_view source) {
    if (code.size() < 16 || code.substr(2, 2) != "\r\n" || four_bytes(std::string_view(code).substr(4)) == 1)
        return false;
    const std::uint32_t magic = four_bytes(code);
    // Python 3.7 brought these headers, 3.11 the shorter hash.
    const std::uint32_t number = magic & 0xFFFFU;
    if (number < 3390 || number > 29999) return false;
    const bool is_short = number >= 3450;
    const std::uint64_t hash = siphash(source, magic, is_short ? 1 : 2, is_short ? 3 : 4);
    const std::array<char, 4> flags = {1, 0, 0, 0};
    std::copy(flags.begin(), flags.end(), code.begin() + 4);
    for (unsigned i = 0; i < 8; ++i) code[8 + i] = static_cast<char>((hash >> (8 * i)) & 0xFFU);
    return true;
}

Result<void> make_byte_code(std::vector<ReplayedPackage>& packages,
                            const PrefixLayout& layout,
                            const std::filesystem::path& folder,
                            ByteCodeOptions options,
                            std::vector<std::string>& notes,
                            Progress& progress) {
    std::error_code error;
    std::filesystem::create_directory(folder / ".aimlock-work", error);
    if (error)
        return fail(ErrorCode::io,
                    fmt::format("cannot write below {}: {}", folder.string(), error.message()));
    const bool has_python = std::filesystem::exists(folder / "bin/python", error);
    Work work{packages, layout, folder, progress, options.compile && has_python};
    const bool wanted = options.compile && std::ranges::any_of(packages, &ReplayedPackage::compiles);
    progress.begin("byte code", packages.size(), false);
    std::vector<std::jthread> workers;
    const unsigned count =
        options.threads != 0 ? options.threads : std::max(1U, std::thread::hardware_concurrency());
    for (unsigned i = 1; i < count; ++i) workers.emplace_back([&] { work.run(); });
    work.run();
    workers.clear();
    progress.end();
    std::filesystem::remove_all(folder / ".aimlock-work", error);
    if (error && work.result)
        work.result = fail(ErrorCode::io, fmt::format("cannot remove working files: {}", error.message()));
    if (wanted && !has_python) notes.emplace_back("no byte code: this part of the environment has no Python");
    if (work.failed_to_start)
        notes.emplace_back("byte code is not complete: the environment's Python does not run here");
    return work.result;
}

}  // namespace aimlock
