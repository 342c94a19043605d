#include <algorithm>
#include <array>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "lock/lock_lines.hpp"
#include "lock/lock_rules.hpp"
#include "lock/lockfile.hpp"

namespace aimlock {
namespace {

constexpr std::size_t max_lock_bytes = std::size_t{64} << 20U;
constexpr std::string_view solve_again = "run `aimlock solve` to write the lock anew";

/// Takes the keys of one block, each once. The first failure stays and every later take gives an empty value:
/// a caller takes all its keys and asks once, at the end.
class BlockReader {
public:
    BlockReader(LockBlock& block, const std::string& file) : block_(block), file_(file) {}

    void text(std::string_view key, std::string& out, bool required = false) {
        take(key, out, required, "a text");
    }
    void number(std::string_view key, std::uint64_t& out, bool required = false) {
        take(key, out, required, "a number");
    }
    void flag(std::string_view key, bool& out) { take(key, out, false, "true or false"); }
    void list(std::string_view key, std::vector<std::string>& out, bool required = false) {
        take(key, out, required, "a list");
    }

    void hash(std::string_view key, Sha256& out) {
        std::string hex;
        text(key, hex, true);
        if (error_) return;
        const std::optional<Sha256> digest = Sha256::from_hex(hex);
        const bool lower = hex.find_first_of("ABCDEF") == std::string::npos;
        if (!digest || !lower)
            return wrong(key, "`" + std::string(key) + "` is not 64 lower-case hexadecimal digits");
        out = *digest;
    }

    void kind(PackageKind& out) {
        std::string word;
        text("kind", word, true);
        if (error_) return;
        if (word != "conda" && word != "pypi") return wrong("kind", "kind is neither `conda` nor `pypi`");
        out = word == "conda" ? PackageKind::conda : PackageKind::pypi;
    }

    void choice(std::string_view key,
                std::string& out,
                bool required,
                std::initializer_list<std::string_view> words) {
        text(key, out, required);
        if (!error_ && std::ranges::find(words, out) == words.end())
            wrong(key, "unknown value of `" + std::string(key) + "`");
    }

    /// A failure at the value of `key`, at the block's head where the block has no such key.
    void wrong(std::string_view key, std::string message) {
        if (error_) return;
        SourcePos pos{file_, block_.line, 1};
        for (const LockEntry& entry : block_.entries) {
            if (entry.key == key) pos = {file_, entry.line, entry.value_column};
        }
        error_ = Error{ErrorCode::lock, std::move(message), std::move(pos), std::string(solve_again)};
    }

    /// The first failure, a key that nobody took among them.
    Result<void> done() {
        for (const LockEntry& entry : block_.entries) {
            if (error_) break;
            if (std::ranges::find(taken_, entry.key) != taken_.end()) continue;
            error_ = Error{ErrorCode::lock,
                           "unknown key `" + entry.key + "`",
                           {file_, entry.line, 1},
                           std::string(solve_again)};
        }
        if (error_) return tl::make_unexpected(*std::move(error_));
        return {};
    }

private:
    template <class T>
    void take(std::string_view key, T& out, bool required, std::string_view expected) {
        taken_.push_back(key);
        if (error_) return;
        const auto found = std::ranges::find(block_.entries, key, &LockEntry::key);
        if (found == block_.entries.end()) {
            if (required)
                wrong(key,
                      (block_.name.empty() ? "lock" : block_.name) + " has no `" + std::string(key) + "`");
            return;
        }
        T* value = std::get_if<T>(&found->value);
        if (value == nullptr) return wrong(key, "`" + std::string(key) + "` is not " + std::string(expected));
        if (has_control_character(*value))
            return wrong(key, "control character in `" + std::string(key) + "`");
        out = std::move(*value);
    }

    static bool has_control_character(const std::string& text) {
        return std::ranges::any_of(text, [](char c) { return (c >= 0 && c < 0x20) || c == 0x7f; });
    }
    static bool has_control_character(const std::vector<std::string>& texts) {
        return std::ranges::any_of(texts,
                                   [](const std::string& text) { return has_control_character(text); });
    }
    static bool has_control_character(std::uint64_t) { return false; }

    LockBlock& block_;
    const std::string& file_;
    std::vector<std::string_view> taken_;
    std::optional<Error> error_;
};

Result<void> read_source(BlockReader& in, LockSource& source) {
    in.kind(source.kind);
    in.text("name", source.name, true);
    in.text("url", source.url, true);
    in.list("hosts", source.hosts, true);
    return in.done();
}

/// 12.4: two numbers of at most two digits.
bool is_two_numbers(std::string_view text) {
    const std::size_t dot = text.find('.');
    const auto number = [](std::string_view part) {
        return !part.empty() && part.size() <= 2 &&
               part.find_first_not_of("0123456789") == std::string_view::npos;
    };
    return dot != std::string_view::npos && number(text.substr(0, dot)) && number(text.substr(dot + 1));
}

std::vector<std::pair<std::string_view, std::string>> versions_of(const CudaFacts& facts) {
    std::vector<std::pair<std::string_view, std::string>> texts;
    if (!facts.driver.empty()) texts.emplace_back("cuda-driver", facts.driver);
    for (const std::string& gpu : facts.gpus) texts.emplace_back("cuda-gpus", gpu);
    return texts;
}

Result<void> read_target(BlockReader& in, LockTarget& target) {
    std::vector<std::string> facts;
    in.text("name", target.name, true);
    in.text("platform", target.platform, true);
    in.list("virtual-packages", facts, true);
    in.list("cuda-arch", target.cuda_arch);
    std::uint64_t major = 0;
    in.number("cuda-major", major);
    if (major > 99) in.wrong("cuda-major", "there is no CUDA " + std::to_string(major));
    target.cuda.major = static_cast<unsigned>(major);
    in.text("cuda-driver", target.cuda.driver);
    in.list("cuda-gpus", target.cuda.gpus);
    for (const auto& [key, text] : versions_of(target.cuda)) {
        if (!is_two_numbers(text)) in.wrong(key, "`" + text + "` is not a version such as 12.4");
    }
    in.text("python", target.python_version);
    in.text("site-packages", target.python_site_packages_path);
    for (const std::string& fact : facts) {
        const std::size_t first = fact.find('=');
        const std::size_t second = first == std::string::npos ? first : fact.find('=', first + 1);
        if (second == std::string::npos) {
            in.wrong("virtual-packages", "`" + fact + "` is not `name=version=build`");
            break;
        }
        target.virtual_packages.push_back(
            {fact.substr(0, first), fact.substr(first + 1, second - first - 1), fact.substr(second + 1)});
    }
    return in.done();
}

Result<void> read_root(BlockReader& in, LockRoot& root) {
    in.kind(root.kind);
    in.text("requirement", root.requirement, true);
    in.text("index", root.index);
    in.list("targets", root.targets, true);
    return in.done();
}

Result<void> read_package(BlockReader& in, LockPackage& locked) {
    Package& package = locked.package;
    in.kind(package.kind);
    in.text("name", package.name, true);
    in.text("version", package.version, true);
    in.text("build", package.build, package.kind == PackageKind::conda);
    in.number("build-number", package.build_number);
    in.text("url", package.url, true);
    in.hash("sha256", package.sha256);
    in.number("size", package.size_bytes, true);
    in.text("md5", package.md5);
    in.text(package.kind == PackageKind::conda ? "channel" : "index", package.origin, true);
    in.text("subdir", package.subdir, package.kind == PackageKind::conda);
    in.list("targets", locked.targets, true);
    in.list("requires", package.depends, true);
    in.list("constrains", package.constrains);
    in.list("extras", package.extras);
    in.list("provides", package.provides);
    in.text("requires-python", package.requires_python);
    in.text("noarch", package.noarch);
    in.text("site-packages", package.python_site_packages_path);
    in.text("license", package.license);
    in.text("track-features", package.track_features);
    in.number("timestamp", package.timestamp_ms);
    in.flag("yanked", package.yanked);
    in.flag("prerelease", package.prerelease);
    in.flag("direct", package.direct);
    std::string built_from = "wheel";
    in.choice("built-from", built_from, false, {"wheel", "sdist", "git"});
    if (built_from == "sdist") package.artifact = ArtifactKind::sdist;
    if (built_from == "git") package.artifact = ArtifactKind::git;
    in.list("build-requires", package.build_requires);
    in.text("subdirectory", package.subdirectory);
    return in.done();
}

/// Which lists have stood in the head as `name = []`.
using EmptyLists = std::array<std::pair<std::string_view, bool>, 4>;

Result<void> read_head(BlockReader& in, Lock& lock, EmptyLists& empty) {
    std::uint64_t version = 0;
    Sha256 content;
    in.number("version", version, true);
    in.hash("content", content);
    in.hash("inputs", lock.inputs);
    in.hash("name-map", lock.name_map);
    in.choice("channel-priority", lock.channel_priority, true, {"strict", "flexible", "disabled"});
    in.choice("prerelease", lock.prerelease, false, {"if-necessary", "allow", "disallow"});
    in.choice("resolution", lock.resolution, false, {"highest", "lowest", "lowest-direct"});
    std::string cutoff;
    in.text("exclude-newer", cutoff);
    if (!cutoff.empty()) lock.exclude_newer = cutoff;
    LockBase base;
    in.text("base-image", base.image);
    in.text("base-digest", base.digest);
    if (!base.image.empty()) lock.base = base;
    for (auto& [name, stands] : empty) {
        std::vector<std::string> list{"none"};
        in.list(name, list);
        stands = list.empty();
        if (!stands && list.front() != "none")
            in.wrong(name, "expected `[[" + std::string(name) + "]]` blocks");
    }
    return in.done();
}

Result<void> read_block(LockBlock& block, const std::string& file, Lock& lock) {
    BlockReader in(block, file);
    if (block.name == "source") return read_source(in, lock.sources.emplace_back());
    if (block.name == "target") return read_target(in, lock.targets.emplace_back());
    if (block.name == "root") return read_root(in, lock.roots.emplace_back());
    if (block.name == "constraint") return read_root(in, lock.constraints.emplace_back());
    if (block.name == "package") return read_package(in, lock.packages.emplace_back());
    return fail_at(ErrorCode::lock, "unknown block `[[" + block.name + "]]`", {file, block.line, 1},
                   std::string(solve_again));
}

/// Fails when a list neither has blocks nor stands as empty in the head, or does both.
Result<void> check_lists(const Lock& lock, const EmptyLists& empty, const std::string& file) {
    const std::array present{!lock.sources.empty(), !lock.targets.empty(), !lock.roots.empty(),
                             !lock.packages.empty()};
    for (std::size_t i = 0; i < empty.size(); ++i) {
        if (present[i] != empty[i].second) continue;
        const std::string name(empty[i].first);
        return fail_at(ErrorCode::lock,
                       present[i] ? "`" + name + " = []` in a lock with `[[" + name + "]]`"
                                  : "lock has no `[[" + name + "]]`",
                       {file, 1, 1}, std::string(solve_again));
    }
    return {};
}

/// The first line alone decides who can read the rest.
Result<void> check_version(std::string_view text, const std::string& file) {
    constexpr std::string_view key = "version = ";
    const std::string_view line = text.substr(0, text.find('\n'));
    const std::string_view digits = line.starts_with(key) ? line.substr(key.size()) : std::string_view{};
    if (digits.empty() || digits.size() > 9 ||
        digits.find_first_not_of("0123456789") != std::string_view::npos) {
        return fail_at(ErrorCode::lock, "lock does not begin with `version = 1`", {file, 1, 1},
                       std::string(solve_again));
    }
    const int version = std::stoi(std::string(digits));
    if (version > lock_format_version) {
        return fail_at(ErrorCode::lock,
                       "lock is of format " + std::string(digits) + ", this aimlock reads formats up to " +
                           std::to_string(lock_format_version),
                       {file, 1, 11}, "update aimlock");
    }
    if (version < 1)
        return fail_at(ErrorCode::lock, "there is no lock format 0", {file, 1, 11}, std::string(solve_again));
    return {};
}

/// Compares the line `content = "…"` with the digest of all other bytes.
Result<void> check_content(std::string_view text, const LockBlock& head, const std::string& file) {
    const auto entry = std::ranges::find(head.entries, "content", &LockEntry::key);
    std::size_t begin = 0;
    for (std::uint32_t line = 1; line < entry->line; ++line) begin = text.find('\n', begin) + 1;
    const std::size_t end = text.find('\n', begin) + 1;
    Sha256Stream others;
    others.update(text.substr(0, begin));
    others.update(text.substr(end));
    // `head` is what is left of it after reading, so the line itself is compared.
    if (text.substr(begin, end - begin) == "content = \"" + others.finish().hex() + "\"\n") return {};
    return fail_at(ErrorCode::lock,
                   "lock was changed after aimlock wrote it: its content digest does not fit",
                   {file, entry->line, entry->value_column},
                   "undo the change, or edit the manifest instead and run `aimlock solve`");
}

Result<void> check_rules(const Lock& lock, std::vector<LockBlock>& blocks, const std::string& file) {
    std::optional<BrokenRule> rule = broken_rule(lock);
    if (!rule) return {};
    std::size_t left = rule->index;
    for (LockBlock& block : blocks) {
        if (block.name != rule->block || left-- > 0) continue;
        BlockReader place(block, file);
        place.wrong(rule->key, std::move(rule->message));
        Result<void> failure = place.done();
        if (!rule->hint.empty()) failure.error().hint = std::move(rule->hint);
        return failure;
    }
    return fail(ErrorCode::internal, "a broken rule of the lock has no place in it");
}

}  // namespace

Result<Lock> read_lock(std::string_view text, const std::string& file) {
    if (text.size() > max_lock_bytes) {
        return fail_at(ErrorCode::lock, "lock is larger than 64 MiB", {file, 1, 1}, std::string(solve_again));
    }
    Lock lock;
    EmptyLists empty{{{"source", false}, {"target", false}, {"root", false}, {"package", false}}};
    std::vector<LockBlock> blocks;
    Result<void> step = check_version(text, file);
    if (step) {
        Result<std::vector<LockBlock>> lines = read_lock_lines(text, file);
        if (!lines) return tl::make_unexpected(std::move(lines).error());
        blocks = *std::move(lines);
        BlockReader head(blocks.front(), file);
        step = read_head(head, lock, empty);
    }
    for (std::size_t i = 1; step && i < blocks.size(); ++i) step = read_block(blocks[i], file, lock);
    if (step) step = check_lists(lock, empty, file);
    if (step) step = check_rules(lock, blocks, file);
    if (step) step = check_content(text, blocks.front(), file);
    if (!step) return tl::make_unexpected(std::move(step).error());
    return lock;
}

}  // namespace aimlock
