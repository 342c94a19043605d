#include "image/replay/package_records.hpp"

#include <algorithm>
#include <filesystem>
#include <string_view>

#include <fcntl.h>
#include <fmt/core.h>
#include <nlohmann/json.hpp>

#include "image/replay/output_file.hpp"
#include "image/replay/prefix_listing.hpp"
#include "image/replay/wheel_record.hpp"

namespace aimlock {
namespace {

using nlohmann::json;

Result<void> write_text(const std::filesystem::path& file, std::string_view text) {
    auto out = OutputFile::create(AT_FDCWD, file.string(), {false, true, false});
    if (!out) return tl::make_unexpected(out.error());
    auto appended = out->append(text);
    if (!appended) return appended;
    auto done = out->finish();
    if (!done) return tl::make_unexpected(done.error());
    return {};
}

std::string_view path_type(ReplayedFile::Kind kind) {
    switch (kind) {
        case ReplayedFile::Kind::link:
            return "softlink";
        case ReplayedFile::Kind::entry_point:
            return "unix_python_entry_point";
        case ReplayedFile::Kind::folder:
            return "directory";
        case ReplayedFile::Kind::file:
            break;
    }
    return "hardlink";
}

json path_line(const ReplayedFile& file) {
    json line = {{"_path", file.path}, {"path_type", path_type(file.kind)}};
    if (!file.sha256.known()) return line;
    line["sha256"] = file.packaged_sha256.hex();
    line["sha256_in_prefix"] = file.sha256.hex();
    line["size_in_bytes"] = file.size_bytes;
    if (file.placeholder) {
        line["prefix_placeholder"] = file.placeholder->text;
        line["file_mode"] = file.placeholder->binary ? "binary" : "text";
    }
    return line;
}

std::string_view file_name(std::string_view url) {
    url = url.substr(0, url.find_first_of("#?"));
    return url.substr(url.rfind('/') + 1);
}

/// The channel's address: the package's without file name and subdir.
std::string channel_of(const Package& package) {
    const std::string& url = package.url;
    const std::string tail = fmt::format("/{}/{}", package.subdir, file_name(url));
    const std::size_t at = url.rfind(tail);
    return at == std::string::npos ? package.origin : url.substr(0, at);
}

/// The name that a requirement like "numpy >=2" or "conda-forge::numpy[build=x]" is about.
std::string_view required_name(std::string_view requirement) {
    if (const std::size_t channel = requirement.find("::"); channel != std::string_view::npos) {
        requirement.remove_prefix(channel + 2);
    }
    return requirement.substr(0, requirement.find_first_of(" =<>!~[,;"));
}

std::vector<std::string> requested(const Lock& lock, const std::string& target, PackageKind kind) {
    std::vector<std::string> requirements;
    for (const LockRoot& root : lock.roots) {
        if (root.kind == kind && std::ranges::find(root.targets, target) != root.targets.end()) {
            requirements.push_back(root.requirement);
        }
    }
    return requirements;
}

/// The lock's record goes before the archive's: channels repair what packages say of themselves.
json conda_record(const ReplayedPackage& replayed, const std::vector<std::string>& roots) {
    const Package& package = *replayed.package;
    json record = json::parse(replayed.index_json, nullptr, false);
    if (!record.is_object()) record = json::object();
    record["name"] = package.name;
    record["version"] = package.version;
    record["build"] = package.build;
    record["build_number"] = package.build_number;
    record["depends"] = package.depends;
    record["constrains"] = package.constrains;
    record["subdir"] = package.subdir;
    record["channel"] = channel_of(package);
    record["url"] = package.url;
    record["fn"] = file_name(package.url);
    record["sha256"] = package.sha256.hex();
    record["size"] = package.size_bytes;
    if (!package.md5.empty()) record["md5"] = package.md5;
    if (package.timestamp_ms != 0) record["timestamp"] = package.timestamp_ms;
    record["link"] = {{"source", ""}, {"type", 3}};  // how its bytes came here is no part of what it holds
    json paths = json::array();
    json files = json::array();
    for (const ReplayedFile& file : replayed.files) {
        paths.push_back(path_line(file));
        files.push_back(file.path);
    }
    record["files"] = std::move(files);
    record["paths_data"] = {{"paths", std::move(paths)}, {"paths_version", 1}};
    const auto root =
        std::ranges::find_if(roots, [&](const auto& r) { return required_name(r) == package.name; });
    if (root != roots.end()) record["requested_spec"] = *root;
    return record;
}

/// `path` as seen from `folder`, both relative to the prefix.
std::string seen_from(std::string_view path, std::string_view folder) {
    if (path.starts_with(folder) && path.substr(folder.size(), 1) == "/")
        return std::string(path.substr(folder.size() + 1));
    std::string up;
    const auto levels = 1 + std::ranges::count(folder, '/');
    for (auto i = levels; i > 0; --i) up += "../";
    return up + std::string(path);
}

std::string wheel_record(const ReplayedPackage& replayed, const PrefixLayout& layout) {
    std::string text;
    for (const ReplayedFile& file : replayed.files) {
        text += record_line(seen_from(file.path, layout.site_packages), file.sha256, file.size_bytes);
    }
    return text + record_line(seen_from(replayed.dist_info + "/RECORD", layout.site_packages), {}, 0);
}

}  // namespace

Result<void> write_records(const Lock& lock,
                           const std::string& target,
                           const PrefixLayout& layout,
                           const std::vector<ReplayedPackage>& packages,
                           const std::filesystem::path& folder) {
    const std::vector<std::string> roots = requested(lock, target, PackageKind::conda);
    for (const ReplayedPackage& replayed : packages) {
        const Package& package = *replayed.package;
        Result<void> written;
        if (package.kind == PackageKind::conda) {
            const std::string name =
                fmt::format("{}-{}-{}.json", package.name, package.version, package.build);
            const json record = conda_record(replayed, roots);
            written = write_text(folder / "conda-meta" / name,
                                 record.dump(2, ' ', false, json::error_handler_t::replace) + "\n");
        } else {
            written = write_text(folder / replayed.dist_info / "RECORD", wheel_record(replayed, layout));
        }
        if (!written) return written;
    }
    return {};
}

Result<void> write_history(const Lock& lock,
                           const std::string& target,
                           const std::vector<const Package*>& packages,
                           bool is_part,
                           const std::filesystem::path& folder) {
    const std::filesystem::path file = folder / "conda-meta/history";
    if (is_part) return write_text(file, {});
    std::string text = "==> 1970-01-01 00:00:00 <==\n# cmd: aimlock install\n";
    const json specs = requested(lock, target, PackageKind::conda);
    text += "# update specs: " + specs.dump(-1, ' ', false, json::error_handler_t::replace) + "\n";
    for (const Package* package : packages) {
        if (package->kind != PackageKind::conda) continue;
        text += fmt::format("+{}/{}::{}-{}-{}\n", channel_of(*package), package->subdir, package->name,
                            package->version, package->build);
    }
    return write_text(file, text);
}

Result<void> write_listing(const std::filesystem::path& folder, std::string_view listing) {
    return write_text(folder / listing_path, listing);
}

}  // namespace aimlock
