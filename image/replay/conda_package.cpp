#include "image/replay/conda_package.hpp"

#include <algorithm>
#include <functional>
#include <map>
#include <unordered_map>

#include <fmt/core.h>

#include "fetch/archive/entry_path.hpp"
#include "fetch/archive/mapped_file.hpp"
#include "fetch/archive/tar_reader.hpp"
#include "fetch/archive/zip_reader.hpp"
#include "image/replay/conda_metadata.hpp"

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
std::string installed_path(const CondaMetadata& metadata,
                           const PrefixLayout& layout,
                           const std::string& path) {
    if (!metadata.noarch_python) return path;
    constexpr std::string_view site = "site-packages/";
    constexpr std::string_view scripts = "python-scripts/";
    if (path.starts_with(site)) return layout.site_packages + "/" + path.substr(site.size());
    if (path.starts_with(scripts)) return "bin/" + path.substr(scripts.size());
    return path;
}

/// Unpacks the payload of one package.
class Unpacking {
public:
    Unpacking(const CondaMetadata& metadata,
              const PrefixLayout& layout,
              const PackageFolder& place,
              const Documents& documents)
        : metadata_(metadata), layout_(layout), place_(place), documents_(documents) {
        for (const CondaPath& path : metadata.paths) {
            if (path.kind != CondaPath::Kind::folder)
                expected_.emplace(path.path, Expected{&path, false, false, {}});
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

    std::vector<ReplayedFile> files;

private:
    struct Expected {
        const CondaPath* path = nullptr;
        bool seen = false;
        bool executable = false;
        ReplayedFile written;
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
        expected.executable = entry.executable;
        const bool is_link = entry.kind == TarEntry::Kind::symlink;
        if (is_link != (expected.path->kind == CondaPath::Kind::link) &&
            !(is_link && !expected.path->sha256.known())) {
            return fail(ErrorCode::archive,
                        fmt::format("`{}` is not what it is listed as", shown_name(entry.path)));
        }
        ReplayedFile& file = expected.written;
        file.path = installed_path(metadata_, layout_, entry.path);
        file.packaged_sha256 = expected.path->sha256;
        file.placeholder = expected.path->placeholder;
        Result<void> done;
        if (is_link) {
            done = take_link(entry, file);
        } else if (entry.kind == TarEntry::Kind::hardlink) {
            done = take_hardlink(entry, expected);
        } else if (file.placeholder) {
            done = take_with_prefix(tar, entry, file);
        } else {
            done = take_file(tar, entry, file);
        }
        if (done) files.push_back(file);
        return done;
    }

    Result<void> take_link(const TarEntry& entry, ReplayedFile& file) const {
        auto inside = safe_link_target(file.path, entry.link);
        if (!inside) return tl::make_unexpected(inside.error());
        file.kind = ReplayedFile::Kind::link;
        file.placeholder.reset();
        return place_.symlink(file.path, entry.link);
    }

    Result<void> take_hardlink(const TarEntry& entry, const Expected& expected) {
        const auto target = expected_.find(entry.link);
        const bool is_file = target != expected_.end() && target->second.seen &&
                             target->second.path != expected.path &&
                             target->second.path->kind == CondaPath::Kind::file &&
                             target->second.written.kind == ReplayedFile::Kind::file;
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
        ReplayedFile& file = expected_.at(entry.path).written;
        file.sha256 = target->second.written.sha256;
        file.packaged_sha256 = target->second.written.packaged_sha256;
        file.size_bytes = target->second.written.size_bytes;
        return place_.hardlink(file.path, target->second.written.path);
    }

    static Result<void> check(const TarEntry& entry, const ReplayedFile& file, const Sha256& found) {
        if (!file.packaged_sha256.known() || file.packaged_sha256 == found) return {};
        return fail(ErrorCode::integrity,
                    fmt::format("`{}` has sha256 {}, and its package says {}", shown_name(entry.path),
                                found.hex(), file.packaged_sha256.hex()));
    }

    Result<void> take_with_prefix(TarReader& tar, const TarEntry& entry, ReplayedFile& file) const {
        auto content = tar.read_all();
        if (!content) return tl::make_unexpected(content.error());
        const Sha256 packaged = sha256_of(*content);
        auto checked = check(entry, file, packaged);
        if (!checked) return checked;
        file.packaged_sha256 = packaged;
        auto replaced = replace_prefix(*content, *file.placeholder, layout_.prefix, file.path);
        if (!replaced) return tl::make_unexpected(replaced.error());
        auto written = place_.write(file.path, *replaced, entry.executable);
        if (!written) return tl::make_unexpected(written.error());
        file.sha256 = *written;
        file.size_bytes = replaced->size();
        return {};
    }

    Result<void> take_file(TarReader& tar, const TarEntry& entry, ReplayedFile& file) const {
        auto out = place_.create(file.path, entry.executable);
        if (!out) return tl::make_unexpected(out.error());
        for (;;) {
            const auto piece = tar.read();
            if (!piece) return tl::make_unexpected(piece.error());
            if (piece->empty()) break;
            auto appended = out->append(*piece);
            if (!appended) return appended;
        }
        auto written = out->finish();
        if (!written) return tl::make_unexpected(written.error());
        auto checked = check(entry, file, *written);
        if (!checked) return checked;
        file.sha256 = file.packaged_sha256 = *written;
        file.size_bytes = entry.size_bytes;
        return {};
    }

    const CondaMetadata& metadata_;
    const PrefixLayout& layout_;
    const PackageFolder& place_;
    const Documents& documents_;
    std::unordered_map<std::string, Expected> expected_;
};

Result<std::vector<Claim>> claims_of(const CondaMetadata& metadata, const PrefixLayout& layout) {
    std::vector<Claim> claims;
    if (metadata.noarch_python && layout.site_packages.empty()) {
        return fail(ErrorCode::lock, "the package needs a Python, and the target has none");
    }
    for (const CondaPath& path : metadata.paths) {
        const auto kind = path.kind == CondaPath::Kind::file   ? Claim::Kind::file
                          : path.kind == CondaPath::Kind::link ? Claim::Kind::link
                                                               : Claim::Kind::folder;
        claims.push_back({kind, installed_path(metadata, layout, path.path), false});
    }
    for (const EntryPoint& entry : metadata.entry_points) {
        claims.push_back({Claim::Kind::file, "bin/" + entry.name, true});
    }
    return claims;
}

void note_scripts(const ReplayedPackage& replayed, std::vector<std::string>& notes) {
    for (const ReplayedFile& file : replayed.files) {
        if (!file.path.starts_with("bin/.") || !file.path.ends_with(".sh")) continue;
        for (const std::string_view kind : {"-post-link.sh", "-pre-link.sh", "-pre-unlink.sh"}) {
            if (file.path.ends_with(kind)) notes.push_back(fmt::format("script not run: {}", file.path));
        }
    }
}

}  // namespace

Result<ReplayedPackage> replay_conda_package(const Package& package,
                                             const std::filesystem::path& archive,
                                             const PrefixLayout& layout,
                                             StagedTree& tree,
                                             std::size_t index) {
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
    const auto claims = claims_of(*metadata, layout);
    if (!claims) return tl::make_unexpected(claims.error());
    const auto place = tree.claim(index, *claims, false);
    if (!place) return tl::make_unexpected(place.error());

    Unpacking unpacking(*metadata, layout, *place, *documents);
    auto unpacked = unpacking.run(*parts, most_bytes);
    if (!unpacked) return tl::make_unexpected(unpacked.error());
    ReplayedPackage replayed{&package, std::move(unpacking.files), std::move(metadata->index_json),
                             {},       metadata->noarch_python,    {}};
    for (const EntryPoint& entry : metadata->entry_points) {
        const std::string text = entry_point_wrapper(entry, layout.interpreter());
        ReplayedFile file{ReplayedFile::Kind::entry_point, "bin/" + entry.name, {}, text.size(), {}, {}};
        auto written = place->write(file.path, text, true);
        if (!written) return tl::make_unexpected(written.error());
        file.sha256 = file.packaged_sha256 = *written;
        replayed.files.push_back(std::move(file));
    }
    std::ranges::sort(replayed.files, {}, &ReplayedFile::path);
    note_scripts(replayed, replayed.notes);
    return replayed;
}

}  // namespace aimlock
