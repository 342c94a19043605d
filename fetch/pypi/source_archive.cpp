#include "fetch/pypi/source_archive.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <optional>

#include <fmt/format.h>

#include "fetch/archive/tar_reader.hpp"
#include "fetch/archive/unpacked_limit.hpp"
#include "fetch/archive/zip_reader.hpp"
#include "fetch/pypi/core_metadata.hpp"
#include "solver/version/ascii.hpp"

namespace aimlock {
namespace {

constexpr std::uint64_t most_document_bytes = 8U << 20U;

/// Takes members as they come by, and keeps the documents of the project.
class DocumentSearch {
public:
    explicit DocumentSearch(const std::string& subdirectory)
        : below_(subdirectory.empty() ? std::string() : subdirectory + "/") {}

    /// Where the member is a document, the text that it goes into.
    Result<std::string*> place_of(const std::string& path, std::uint64_t size) {
        const std::string_view top = std::string_view(path).substr(0, path.find('/'));
        // A tar of a repository may begin with the commit, in a file of this name.
        if (path.find('/') == std::string::npos) return nullptr;
        if (top_.empty()) top_ = top;
        if (top != top_) return fail(ErrorCode::archive, "the sources have several folders at their top");
        std::string_view inside = std::string_view(path).substr(top.size() + 1);
        if (!inside.starts_with(below_)) return nullptr;
        inside.remove_prefix(below_.size());
        if (inside == "setup.py") found_.has_setup_py = true;
        const bool pkg_info = inside == "PKG-INFO";
        if (!pkg_info && inside != "pyproject.toml") return nullptr;
        bool& seen = pkg_info ? has_pkg_info_ : has_pyproject_;
        if (seen) return fail(ErrorCode::archive, fmt::format("the sources hold {} twice", inside));
        if (size > most_document_bytes)
            return fail(ErrorCode::archive, fmt::format("{} exceeds the limit of 8 MiB", inside));
        seen = true;
        return pkg_info ? &found_.pkg_info : &found_.pyproject;
    }

    Result<SourceDocuments> found() {
        if (!has_pkg_info_ && !has_pyproject_ && !found_.has_setup_py) {
            return fail(ErrorCode::archive,
                        below_.empty() ? "the sources hold no Python project"
                                       : fmt::format("the sources hold no Python project in `{}`", below_));
        }
        return std::move(found_);
    }

private:
    std::string below_;
    std::string top_;
    SourceDocuments found_;
    bool has_pkg_info_ = false;
    bool has_pyproject_ = false;
};

Result<SourceDocuments> search_zip(std::string_view bytes, DocumentSearch search) {
    const auto zip = ZipReader::open(bytes, unpacked_limit(bytes.size()));
    if (!zip) return tl::make_unexpected(zip.error());
    for (const ZipEntry& entry : zip->entries()) {
        if (entry.directory) continue;
        const auto place = search.place_of(entry.path, entry.size_bytes);
        if (!place) return tl::make_unexpected(place.error());
        if (*place == nullptr) continue;
        auto text = zip->read_all(entry, most_document_bytes);
        if (!text) return tl::make_unexpected(text.error());
        **place = std::move(*text);
    }
    return search.found();
}

Result<SourceDocuments> search_tar(std::string_view bytes,
                                   TarCompression compression,
                                   DocumentSearch search) {
    auto tar = TarReader::open(bytes, compression, unpacked_limit(bytes.size()));
    if (!tar) return tl::make_unexpected(tar.error());
    for (;;) {
        const auto entry = tar->next();
        if (!entry) return tl::make_unexpected(entry.error());
        if (!*entry) return search.found();
        if ((*entry)->kind == TarEntry::Kind::directory) continue;
        const auto place = search.place_of((*entry)->path, (*entry)->size_bytes);
        if (!place) return tl::make_unexpected(place.error());
        if (*place == nullptr || (*entry)->kind != TarEntry::Kind::regular) continue;
        auto text = tar->read_all();
        if (!text) return tl::make_unexpected(text.error());
        **place = std::move(*text);
    }
}

/// The first of `fields` that is among `dynamic`, letter case aside.
std::optional<std::string_view> first_dynamic(const std::vector<std::string>& dynamic,
                                              const std::array<std::string_view, 3>& fields) {
    const auto found = std::ranges::find_if(fields, [&](std::string_view field) {
        return std::ranges::any_of(
            dynamic, [&](const std::string& name) { return to_lower(name) == to_lower(field); });
    });
    return found == fields.end() ? std::nullopt : std::optional(*found);
}

/// "2.2" and later say what is certain; `2.10` is later.
bool says_what_is_certain(const std::string& version) {
    unsigned major = 0;
    unsigned minor = 0;
    const char* end = version.data() + version.size();
    const auto first = std::from_chars(version.data(), end, major);
    if (first.ec != std::errc{} || first.ptr == end || *first.ptr != '.') return false;
    if (std::from_chars(first.ptr + 1, end, minor).ec != std::errc{}) return false;
    return major == 2 ? minor >= 2 : major > 2;
}

/// Why PKG-INFO does not do; empty: it does, and `metadata` is what it says.
std::string read_pkg_info(const SourceDocuments& documents, const std::string& what, CoreMetadata& metadata) {
    if (documents.pkg_info.empty()) return "they have no PKG-INFO";
    auto read = parse_core_metadata(documents.pkg_info, what + ": PKG-INFO");
    if (!read) return read.error().message;
    metadata = std::move(*read);
    const auto versions = metadata_values(documents.pkg_info, "Metadata-Version");
    const std::string version = versions.empty() ? "none" : versions.front();
    if (!says_what_is_certain(version))
        return fmt::format("their PKG-INFO is of version {}, which does not say what is certain", version);
    const auto dynamic = first_dynamic(metadata_values(documents.pkg_info, "Dynamic"),
                                       {"Requires-Dist", "Requires-Python", "Provides-Extra"});
    return dynamic ? fmt::format("`Dynamic` of their PKG-INFO names {}", *dynamic) : std::string();
}

/// The same of `[project]`. Name and version may be PKG-INFO's: those are certain in every version of it.
std::string read_project_table(SourceProject& project, const CoreMetadata& pkg_info, CoreMetadata& metadata) {
    if (!project.has_project) return "no [project] in pyproject.toml says it";
    if (const auto dynamic =
            first_dynamic(project.dynamic, {"dependencies", "optional-dependencies", "requires-python"})) {
        return fmt::format("`dynamic` in pyproject.toml names {}", *dynamic);
    }
    if (project.metadata.version.empty()) project.metadata.version = pkg_info.version;
    if (project.metadata.version.empty()) return "pyproject.toml leaves the version open";
    metadata = std::move(project.metadata);
    return {};
}

}  // namespace

Result<SourceDocuments> read_source_documents(std::string_view bytes,
                                              std::string_view file_name,
                                              const std::string& subdirectory) {
    DocumentSearch search(subdirectory);
    if (file_name.ends_with(".zip")) return search_zip(bytes, std::move(search));
    const bool gzip = file_name.ends_with(".gz");
    return search_tar(bytes, gzip ? TarCompression::gzip : TarCompression::none, std::move(search));
}

CoreMetadata static_metadata(const SourceDocuments& documents,
                             const SourceProjectReader& read_project,
                             const std::string& what) {
    CoreMetadata metadata;
    if (!read_project) {
        metadata.unusable = "nothing reads their pyproject.toml";
        return metadata;
    }
    auto project = read_project(documents.pyproject, what + ": pyproject.toml");
    if (!project) {
        metadata.unusable = project.error().message;
        return metadata;
    }
    CoreMetadata pkg_info;
    std::string why = read_pkg_info(documents, what, pkg_info);
    metadata = pkg_info;
    if (!why.empty()) {
        const std::string why_not_here = read_project_table(*project, pkg_info, metadata);
        metadata.unusable = why_not_here.empty() ? std::string() : why + ", and " + why_not_here;
    }
    metadata.build_requires = std::move(project->build_requires);
    return metadata;
}

}  // namespace aimlock
