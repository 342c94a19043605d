#include "image/replay/conda_package.hpp"

#include <algorithm>
#include <functional>
#include <map>
#include <unordered_map>

#include <fmt/core.h>

#include "fetch/archive/entry_path.hpp"
#include "fetch/archive/mapped_file.hpp"
#include "fetch/archive/tar_reader.hpp"
#include "fetch/archive/unpacked_limit.hpp"
#include "fetch/archive/zip_reader.hpp"
#include "image/replay/conda_metadata.hpp"
#include "image/replay/replayed_package.hpp"

namespace aimlock {
namespace {

constexpr std::uint64_t most_metadata_bytes = 64U << 20U;

using Documents = std::map<std::string, std::string>;

/// The two tars of a package; of a `.tar.bz2` they are one.
struct Parts {
    std::string_view info;
    std::string_view payload;
    TarCompression compression = TarCompression::zstd;
};

Result<Parts> parts_of(std::string_view bytes) {
    if (bytes.starts_with("BZh")) return Parts{bytes, bytes, TarCompression::bzip2};
    const auto zip = ZipReader::open(bytes, bytes.size());
    if (!zip) return tl::make_unexpected(zip.error());
    Parts parts;
    for (const ZipEntry& entry : zip->entries()) {
        const auto content = zip->stored(entry);
        if (!content) return tl::make_unexpected(content.error());
        const bool is_tar = entry.path.ends_with(".tar.zst");
        if (is_tar && entry.path.starts_with("info-") && parts.info.empty()) {
            parts.info = *content;
        } else if (is_tar && entry.path.starts_with("pkg-") && parts.payload.empty()) {
            parts.payload = *content;
        } else if (entry.path != "metadata.json") {
            return fail(ErrorCode::archive,
                        fmt::format("`{}` has no place in a conda package", shown_name(entry.path)));
        }
    }
    if (parts.info.empty() || parts.payload.empty()) {
        return fail(ErrorCode::archive, "the package lacks its info or its pkg part");
    }
    return parts;
}

/// Reads info/ documents. In a `.tar.bz2` they come first in all but very old packages: reading ends at the
/// first other entry once the list of files is known, since the rest costs most of a decompression.
Result<Documents> read_documents(const Parts& parts, std::uint64_t most_bytes) {
    auto tar = TarReader::open(parts.info, parts.compression, most_bytes);
    if (!tar) return tl::make_unexpected(tar.error());
    Documents documents;
    for (;;) {
        auto entry = tar->next();
        if (!entry) return tl::make_unexpected(entry.error());
        if (!*entry) return documents;
        const std::string& path = (*entry)->path;
        if (!path.starts_with("info/")) {
            const bool complete = documents.contains("index.json") && documents.contains("paths.json");
            if (complete && parts.compression == TarCompression::bzip2) return documents;
            continue;
        }
        if ((*entry)->kind != TarEntry::Kind::regular || !is_conda_metadata(path.substr(5))) continue;
        if ((*entry)->size_bytes > most_metadata_bytes) {
            return fail(ErrorCode::archive, fmt::format("`{}` is larger than any such file", path));
        }
        auto content = tar->read_all();
        if (!content) return tl::make_unexpected(content.error());
        if (!documents.emplace(path.substr(5), std::move(*content)).second) {
            return fail(ErrorCode::archive, fmt::format("`{}` is there twice", path));
        }
    }
}

/// Where a packaged path goes: noarch packages leave Python's folder open.
void place(const CondaMetadata& metadata, const std::string& path, PackagedFile& file) {
    constexpr std::string_view site = "site-packages/";
    constexpr std::string_view scripts = "python-scripts/";
    file.path = path;
    if (!metadata.noarch_python) return;
    if (path.starts_with(site)) {
        file.place = PackagedFile::Place::site_packages;
        file.path = path.substr(site.size());
    } else if (path.starts_with(scripts)) {
        file.path = "bin/" + path.substr(scripts.size());
    }
}

PackagedFiles outline_of(CondaMetadata& metadata) {
    PackagedFiles package;
    package.needs_python = package.compiles = metadata.noarch_python;
    package.index_json = std::move(metadata.index_json);
    package.entry_points = metadata.entry_points;
    for (const CondaPath& path : metadata.paths) {
        PackagedFile file;
        place(metadata, path.path, file);
        if (path.kind == CondaPath::Kind::folder) {
            package.folders.push_back(std::move(file));
            continue;
        }
        if (path.kind == CondaPath::Kind::link) file.kind = PackagedFile::Kind::link;
        file.packaged_sha256 = path.sha256;
        file.placeholder = path.placeholder;
        package.files.push_back(std::move(file));
    }
    return package;
}

/// Unpacks the payload of one package.
class Unpacking {
public:
    Unpacking(const CondaMetadata& metadata,
              PackagedFiles& package,
              FileSink& sink,
              const Documents& documents)
        : package_(package), sink_(sink), documents_(documents) {
        std::size_t index = 0;
        for (const CondaPath& path : metadata.paths) {
            if (path.kind == CondaPath::Kind::folder) continue;
            expected_.emplace(path.path, Expected{&path, index, false});
            ++index;
        }
    }

    Result<void> run(const Parts& parts, std::uint64_t most_bytes) {
        auto tar = TarReader::open(parts.payload, parts.compression, most_bytes);
        if (!tar) return tl::make_unexpected(tar.error());
        const bool with_info = parts.compression == TarCompression::bzip2;
        for (;;) {
            auto entry = tar->next();
            if (!entry) return tl::make_unexpected(entry.error());
            if (!*entry) break;
            auto taken =
                with_info && (*entry)->path.starts_with("info/") ? take_info(**entry) : take(*tar, **entry);
            if (!taken) return taken;
        }
        for (const auto& [path, expected] : expected_) {
            if (!expected.seen) {
                return fail(ErrorCode::archive,
                            fmt::format("`{}` is listed and not in the package", shown_name(path)));
            }
        }
        return {};
    }

private:
    struct Expected {
        const CondaPath* path = nullptr;
        std::size_t index = 0;
        bool seen = false;
    };

    /// A document that was not read before the payload began would have been ignored.
    [[nodiscard]] Result<void> take_info(const TarEntry& entry) const {
        const std::string name = entry.path.substr(5);
        if (is_conda_metadata(name) && !documents_.contains(name)) {
            return fail(ErrorCode::archive,
                        fmt::format("`{}` comes after the files that it is about", entry.path));
        }
        return {};
    }

    Result<void> take(TarReader& tar, const TarEntry& entry) {
        if (entry.kind == TarEntry::Kind::directory) return {};
        const auto found = expected_.find(entry.path);
        if (found == expected_.end() || found->second.seen) {
            return fail(ErrorCode::archive,
                        fmt::format("`{}` is in the package {}", shown_name(entry.path),
                                    found == expected_.end() ? "and not listed" : "twice"));
        }
        Expected& expected = found->second;
        expected.seen = true;
        const bool is_link = entry.kind == TarEntry::Kind::symlink;
        if (is_link != (expected.path->kind == CondaPath::Kind::link) &&
            !(is_link && !expected.path->sha256.known())) {
            return fail(ErrorCode::archive,
                        fmt::format("`{}` is not what it is listed as", shown_name(entry.path)));
        }
        PackagedFile& file = package_.files[expected.index];
        file.executable = entry.executable;
        if (is_link) {
            file.kind = PackagedFile::Kind::link;
            file.placeholder.reset();
            file.link = entry.link;
            return sink_.link(file);
        }
        if (entry.kind == TarEntry::Kind::hardlink) return take_hardlink(entry, expected, file);
        return file.placeholder ? take_with_prefix(tar, entry, expected.index)
                                : take_file(tar, entry, expected.index);
    }

    Result<void> take_hardlink(const TarEntry& entry, const Expected& expected, PackagedFile& file) {
        const auto target = expected_.find(entry.link);
        const bool is_file = target != expected_.end() && target->second.seen &&
                             target->second.path != expected.path &&
                             target->second.path->kind == CondaPath::Kind::file &&
                             package_.files[target->second.index].kind == PackagedFile::Kind::file;
        // Both names are one file, so what is said of them must be one thing too.
        const auto agrees = [&](const CondaPath& other) {
            const CondaPath& mine = *expected.path;
            return mine.sha256 == other.sha256 &&
                   mine.placeholder.has_value() == other.placeholder.has_value() &&
                   (!mine.placeholder || (mine.placeholder->text == other.placeholder->text &&
                                          mine.placeholder->binary == other.placeholder->binary));
        };
        if (!is_file || !agrees(*target->second.path)) {
            return fail(ErrorCode::archive, fmt::format("`{}` is a hard link to `{}`, which is no such file",
                                                        shown_name(entry.path), shown_name(entry.link)));
        }
        const PackagedFile& first = package_.files[target->second.index];
        file.kind = PackagedFile::Kind::second_name;
        file.first_name = static_cast<std::uint32_t>(target->second.index);
        copy_first_name(first, file);
        return sink_.second_name(file, first);
    }

    static Result<void> check(const TarEntry& entry, const PackagedFile& file, const Sha256& found) {
        if (!file.packaged_sha256.known() || file.packaged_sha256 == found) return {};
        return fail(ErrorCode::integrity,
                    fmt::format("`{}` has sha256 {}, and its package says {}", shown_name(entry.path),
                                found.hex(), file.packaged_sha256.hex()));
    }

    Result<void> take_with_prefix(TarReader& tar, const TarEntry& entry, std::size_t index) {
        PackagedFile& file = package_.files[index];
        auto content = tar.read_all();
        if (!content) return tl::make_unexpected(content.error());
        const Sha256 packaged = sha256_of(*content);
        auto checked = check(entry, file, packaged);
        if (!checked) return checked;
        file.packaged_sha256 = packaged;
        return sink_.write(index, file, *content);
    }

    Result<void> take_file(TarReader& tar, const TarEntry& entry, std::size_t index) {
        PackagedFile& file = package_.files[index];
        auto out = sink_.create(index, file);
        if (!out) return tl::make_unexpected(out.error());
        for (;;) {
            const auto piece = tar.read();
            if (!piece) return tl::make_unexpected(piece.error());
            if (piece->empty()) break;
            auto appended = out->append(*piece);
            if (!appended) return appended;
        }
        const auto written = out->finish();
        if (!written) return tl::make_unexpected(written.error());
        auto checked = check(entry, file, written->sha256);
        if (!checked) return checked;
        file.sha256 = file.packaged_sha256 = written->sha256;
        file.changed_ns = written->changed_ns;
        file.size_bytes = entry.size_bytes;
        return {};
    }

    PackagedFiles& package_;
    FileSink& sink_;
    const Documents& documents_;
    std::unordered_map<std::string, Expected> expected_;
};

}  // namespace

Result<PackagedFiles> unpack_conda_package(const Package& package,
                                           const std::filesystem::path& archive,
                                           FileSink& sink) {
    const auto mapped = MappedFile::open(archive);
    if (!mapped) return tl::make_unexpected(mapped.error());
    const std::uint64_t most_bytes = unpacked_limit(mapped->bytes().size());
    const auto parts = parts_of(mapped->bytes());
    if (!parts) return tl::make_unexpected(parts.error());
    const auto documents = read_documents(*parts, most_bytes);
    if (!documents) return tl::make_unexpected(documents.error());
    auto metadata = read_conda_metadata(*documents);
    if (!metadata) return tl::make_unexpected(metadata.error());
    if (metadata->name != package.name || metadata->version != package.version ||
        metadata->build != package.build) {
        return fail(ErrorCode::integrity,
                    fmt::format("the archive holds {} {} {}", shown_name(metadata->name),
                                shown_name(metadata->version), shown_name(metadata->build)));
    }
    PackagedFiles files = outline_of(*metadata);
    auto done = sink.expect(files);
    if (done) done = Unpacking(*metadata, files, sink, *documents).run(*parts, most_bytes);
    if (!done) return tl::make_unexpected(done.error());
    return files;
}

}  // namespace aimlock
