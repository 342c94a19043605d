#include "image/replay/unpack_sources.hpp"

#include <set>
#include <string_view>
#include <utility>
#include <vector>

#include <fcntl.h>
#include <fmt/core.h>

#include "fetch/archive/entry_path.hpp"
#include "fetch/archive/mapped_file.hpp"
#include "fetch/archive/tar_reader.hpp"
#include "fetch/archive/unpacked_limit.hpp"
#include "fetch/archive/zip_reader.hpp"
#include "image/replay/output_file.hpp"
#include "image/replay/replayed_package.hpp"

namespace aimlock {
namespace {

namespace fs = std::filesystem;

/// Writes entries as they come. Links wait until all files are there, so that none is written through one.
class SourceFolder {
public:
    explicit SourceFolder(fs::path folder) : folder_(std::move(folder)) {}

    Result<OutputFile> create(const std::string& path, bool executable) {
        if (!paths_.insert(path).second) return twice(path);
        if (auto made = make_folder(fs::path(path).parent_path()); !made)
            return tl::make_unexpected(made.error());
        return OutputFile::create(AT_FDCWD, (folder_ / path).string(), {executable, true, false});
    }
    Result<void> make_folder(const fs::path& path) {
        note_top(path);
        std::error_code error;
        fs::create_directories(folder_ / path, error);
        if (!error) return {};
        return fail(ErrorCode::archive,
                    fmt::format("cannot create `{}`: {}", shown_name(path.string()), error.message()));
    }
    Result<void> link(const TarEntry& entry) {
        if (!paths_.insert(entry.path).second) return twice(entry.path);
        if (entry.kind == TarEntry::Kind::symlink) {
            const auto inside = safe_link_target(entry.path, entry.link);
            if (!inside) return tl::make_unexpected(inside.error());
        }
        links_.push_back(entry);
        return make_folder(fs::path(entry.path).parent_path());
    }

    /// The project's folder, once all entries were taken.
    Result<fs::path> finish(const std::string& subdirectory) {
        for (const TarEntry& link : links_) {
            std::error_code error;
            const fs::path place = folder_ / link.path;
            if (link.kind == TarEntry::Kind::symlink) {
                fs::create_symlink(link.link, place, error);
            } else {
                const bool regular =
                    paths_.contains(link.link) && !fs::is_symlink(folder_ / link.link, error);
                if (!regular)
                    return fail(ErrorCode::archive, "a hard link names what is no file of the archive");
                fs::create_hard_link(folder_ / link.link, place, error);
            }
            if (error)
                return fail(ErrorCode::archive, fmt::format("cannot create the link `{}`: {}",
                                                            shown_name(link.path), error.message()));
        }
        if (tops_.size() != 1)
            return fail(ErrorCode::archive, "the sources have not one folder at their top");
        const fs::path project = folder_ / *tops_.begin() / subdirectory;
        std::error_code error;
        if (!fs::is_directory(project, error) || fs::is_symlink(project, error))
            return fail(ErrorCode::archive, fmt::format("the sources have no folder `{}`", subdirectory));
        return project;
    }

private:
    static tl::unexpected<Error> twice(const std::string& path) {
        return fail(ErrorCode::archive, fmt::format("the sources fill `{}` twice", shown_name(path)));
    }
    void note_top(const fs::path& path) {
        if (!path.empty()) tops_.insert(path.begin()->string());
    }

    fs::path folder_;
    std::set<std::string> paths_;
    std::set<std::string> tops_;
    std::vector<TarEntry> links_;
};

Result<void> close(OutputFile& out) {
    const auto written = out.finish();
    return written ? Result<void>{} : tl::make_unexpected(written.error());
}

Result<void> unpack_zip(std::string_view bytes, SourceFolder& folder) {
    const auto zip = ZipReader::open(bytes, unpacked_limit(bytes.size()));
    if (!zip) return tl::make_unexpected(zip.error());
    for (const ZipEntry& entry : zip->entries()) {
        if (entry.directory) continue;
        auto out = folder.create(entry.path, entry.executable);
        if (!out) return tl::make_unexpected(out.error());
        auto done = zip->read(entry, [&](std::string_view piece) { return out->append(piece); });
        if (done) done = close(*out);
        if (!done) return done;
    }
    return {};
}

Result<void> unpack_tar(std::string_view bytes, TarCompression compression, SourceFolder& folder) {
    auto tar = TarReader::open(bytes, compression, unpacked_limit(bytes.size()));
    if (!tar) return tl::make_unexpected(tar.error());
    for (;;) {
        const auto entry = tar->next();
        if (!entry) return tl::make_unexpected(entry.error());
        if (!*entry) return {};
        Result<void> done;
        if ((*entry)->kind == TarEntry::Kind::directory) {
            if (!(*entry)->path.empty()) done = folder.make_folder((*entry)->path);
        } else if ((*entry)->kind != TarEntry::Kind::regular) {
            done = folder.link(**entry);
        } else {
            auto out = folder.create((*entry)->path, (*entry)->executable);
            if (!out) return tl::make_unexpected(out.error());
            for (bool more = true; done && more;) {
                const auto piece = tar->read();
                if (!piece) return tl::make_unexpected(piece.error());
                more = !piece->empty();
                if (more) done = out->append(*piece);
            }
            if (done) done = close(*out);
        }
        if (!done) return done;
    }
}

}  // namespace

Result<fs::path> unpack_sources(const fs::path& archive,
                                const std::string& subdirectory,
                                const fs::path& folder) {
    const auto mapped = MappedFile::open(archive);
    if (!mapped) return tl::make_unexpected(mapped.error());
    SourceFolder into(folder);
    const std::string name = archive.filename().string();
    const TarCompression compression = name.ends_with(".gz") ? TarCompression::gzip : TarCompression::none;
    auto done = name.ends_with(".zip") ? unpack_zip(mapped->bytes(), into)
                                       : unpack_tar(mapped->bytes(), compression, into);
    if (!done) return tl::make_unexpected(done.error());
    return into.finish(subdirectory);
}

}  // namespace aimlock
