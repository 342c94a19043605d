#include "image/replay/unpacked_store.hpp"

#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <unordered_map>
#include <utility>

#include <fcntl.h>
#include <fmt/core.h>
#include <linux/fs.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "fetch/archive/mapped_file.hpp"
#include "image/replay/byte_code.hpp"
#include "image/replay/file_lock.hpp"
#include "image/replay/unpacked_list.hpp"

namespace aimlock {
namespace {

namespace fs = std::filesystem;

/// Writes files under their numbers, and notes when: what is changed later is known by its time.
class NumberedFiles final : public FileSink {
public:
    explicit NumberedFiles(int folder) : folder_(folder), sets_modes_(umask_takes_bits()) {}

    Result<void> expect(const PackagedFiles& /*package*/) override { return {}; }
    Result<OutputFile> create(std::size_t index, const PackagedFile& file) override {
        return OutputFile::create(folder_, UnpackedStore::name_of(index),
                                  {file.executable, sets_modes_, true});
    }
    Result<void> write(std::size_t index, PackagedFile& file, std::string_view content) override {
        auto out = create(index, file);
        if (!out) return tl::make_unexpected(out.error());
        auto appended = out->append(content);
        if (!appended) return appended;
        const auto written = out->finish();
        if (!written) return tl::make_unexpected(written.error());
        file.sha256 = written->sha256;
        file.changed_ns = written->changed_ns;
        file.size_bytes = content.size();
        return {};
    }
    Result<void> link(const PackagedFile& /*file*/) override { return {}; }
    Result<void> second_name(const PackagedFile& /*file*/, const PackagedFile& /*first*/) override {
        return {};
    }

private:
    int folder_;
    bool sets_modes_;
};

/// Byte code that comes with its source is made valid whatever happens to the source's time, once for all
/// prefixes.
Result<void> settle_byte_code(const fs::path& folder, int descriptor, PackagedFiles& package) {
    std::unordered_map<std::string_view, std::size_t> sources;
    for (std::size_t i = 0; i < package.files.size(); ++i) {
        const PackagedFile& file = package.files[i];
        if (file.kind == PackagedFile::Kind::file && file.path.ends_with(".py"))
            sources.emplace(file.path, i);
    }
    NumberedFiles out(descriptor);
    for (std::size_t i = 0; i < package.files.size(); ++i) {
        PackagedFile& file = package.files[i];
        if (file.kind != PackagedFile::Kind::file || file.adapts() || !file.path.ends_with(".pyc")) continue;
        const auto source = sources.find(source_of_byte_code(file.path));
        if (source == sources.end() || package.files[source->second].place != file.place) continue;
        const fs::path place = folder / UnpackedStore::name_of(i);
        std::string code;
        {
            const auto source_bytes = MappedFile::open(folder / UnpackedStore::name_of(source->second));
            const auto code_bytes = MappedFile::open(place);
            if (!source_bytes || !code_bytes) return fail(ErrorCode::io, "cannot read " + place.string());
            code = code_bytes->bytes();
            if (!make_unchecked(code, source_bytes->bytes())) continue;
        }
        if (::unlink(place.c_str()) != 0) return errno_failure("remove", place.string());
        auto written = out.write(i, file, code);
        if (!written) return written;
    }
    return {};
}

bool is_as_written(int folder, std::size_t index, const PackagedFile& file) {
    if (file.kind != PackagedFile::Kind::file) return true;
    struct stat status {};
    if (::fstatat(folder, UnpackedStore::name_of(index).c_str(), &status, AT_SYMLINK_NOFOLLOW) != 0)
        return false;
    const ::mode_t mode = S_IFREG | (file.executable ? 0755U : 0644U);
    return status.st_mode == mode && static_cast<std::uint64_t>(status.st_size) == file.size_bytes &&
           changed_ns_of(status) == file.changed_ns;
}

}  // namespace

Result<std::string> UnpackedPackage::read(std::size_t index) const {
    const std::string name = UnpackedStore::name_of(index);
    const int descriptor = ::openat(folder.descriptor(), name.c_str(), O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
    if (descriptor < 0) return errno_failure("read the store's file", name);
    std::string content(package.files[index].size_bytes, '\0');
    std::size_t have = 0;
    ::ssize_t got = 1;
    while (have < content.size() && got != 0) {
        got = ::read(descriptor, content.data() + have, content.size() - have);
        if (got < 0 && errno == EINTR) continue;
        if (got < 0) break;
        have += static_cast<std::size_t>(got);
    }
    const int error = errno;
    ::close(descriptor);
    errno = got < 0 ? error : EIO;
    if (have != content.size()) return errno_failure("read the store's file", name);
    return content;
}

fs::path UnpackedStore::place_of(const Sha256& archive) const {
    const std::string name = archive.hex();
    return folder_ / name.substr(0, 2) / name;
}

std::optional<UnpackedPackage> UnpackedStore::find(const Sha256& archive, bool verify) const {
    const fs::path place = place_of(archive);
    std::optional<PackagedFiles> package;
    {
        const auto list = MappedFile::open(place / "list");
        if (list) package = read_unpacked_list(list->bytes());
    }
    if (!package) return std::nullopt;
    auto folder = FolderHandle::open(place.string());
    if (!folder) return std::nullopt;
    UnpackedPackage found{std::move(*package), std::move(*folder)};
    const std::vector<PackagedFile>& files = found.package.files;
    for (std::size_t i = 0; i < files.size(); ++i) {
        if (!is_as_written(found.folder.descriptor(), i, files[i])) return std::nullopt;
        if (!verify || files[i].kind != PackagedFile::Kind::file) continue;
        const auto content = MappedFile::open(place / name_of(i));
        if (!content || sha256_of(content->bytes()) != files[i].sha256) return std::nullopt;
    }
    return found;
}

Result<void> UnpackedStore::fill(const fs::path& folder, const Unpack& unpack) {
    std::error_code error;
    fs::create_directory(folder, error);
    if (error)
        return fail(ErrorCode::io, fmt::format("cannot create {}: {}", folder.string(), error.message()));
    const auto handle = FolderHandle::open(folder.string());
    if (!handle) return tl::make_unexpected(handle.error());
    NumberedFiles sink(handle->descriptor());
    auto package = unpack(sink);
    if (!package) return tl::make_unexpected(package.error());
    auto settled = settle_byte_code(folder, handle->descriptor(), *package);
    if (!settled) return settled;
    auto out = OutputFile::create(handle->descriptor(), "list", {});
    if (!out) return tl::make_unexpected(out.error());
    auto done = out->append(unpacked_list(*package));
    if (!done) return done;
    if (const auto closed = out->finish(); !closed) return tl::make_unexpected(closed.error());
    return {};
}

Result<UnpackedPackage> UnpackedStore::find_or_unpack(const Sha256& archive,
                                                      bool verify,
                                                      const Unpack& unpack) const {
    const fs::path place = place_of(archive);
    std::error_code error;
    fs::create_directories(place.parent_path(), error);
    if (error) {
        return fail(ErrorCode::io,
                    fmt::format("cannot create {}: {}", place.parent_path().string(), error.message()));
    }
    const auto lock = FileLock::acquire(place.string() + ".lock");
    if (!lock) return tl::make_unexpected(lock.error());
    if (auto found = find(archive, verify)) return std::move(*found);
    // Of a process that was killed; and a package that is not what it was.
    const fs::path part = place.string() + ".part";
    fs::remove_all(part, error);
    fs::remove_all(place, error);
    auto filled = fill(part, unpack);
    if (filled && ::rename(part.c_str(), place.c_str()) != 0)
        filled = errno_failure("create", place.string());
    if (!filled) {
        fs::remove_all(part, error);
        Error failed = std::move(filled.error());
        if (failed.code == ErrorCode::io) failed.message += fmt::format(" (in {})", part.string());
        return tl::make_unexpected(std::move(failed));
    }
    if (auto found = find(archive, false)) return std::move(*found);
    return fail(ErrorCode::io, fmt::format("{} does not hold what was written there", place.string()));
}

Sharing UnpackedStore::sharing_with(const fs::path& folder) const {
    std::error_code error;
    fs::create_directories(folder_, error);
    std::string probe = (folder_ / ".probe-XXXXXX").string();
    const int descriptor = ::mkstemp(probe.data());
    if (descriptor < 0) return Sharing::none;
    const fs::path shared = folder / ".aimlock-probe";
    Sharing how = Sharing::none;
    const int clone = ::open(shared.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644);
    // An empty file can be cloned where no other can.
    if (clone >= 0 && ::write(descriptor, "x", 1) == 1 && ::ioctl(clone, FICLONE, descriptor) == 0)
        how = Sharing::reflink;
    if (clone >= 0) ::close(clone);
    ::unlink(shared.c_str());
    if (how == Sharing::none && ::link(probe.c_str(), shared.c_str()) == 0) how = Sharing::hardlink;
    ::unlink(shared.c_str());
    ::unlink(probe.c_str());
    ::close(descriptor);
    return how;
}

}  // namespace aimlock
