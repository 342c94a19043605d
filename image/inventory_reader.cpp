#include "image/inventory_reader.hpp"

#include <algorithm>
#include <atomic>
#include <fstream>
#include <iterator>
#include <mutex>
#include <thread>
#include <unordered_set>
#include <vector>

#include <fmt/core.h>
#include <simdjson.h>

#include "fetch/archive/entry_path.hpp"
#include "fetch/archive/mapped_file.hpp"
#include "image/replay/wheel_headers.hpp"
#include "image/replay/wheel_record.hpp"
#include "solver/spec/package_name.hpp"

namespace aimlock {
namespace {

namespace fs = std::filesystem;
using simdjson::dom::element;

Result<void> list_files(const fs::path& prefix, Inventory& inventory) {
    std::error_code error;
    // Links to folders are not entered: what they lead to is not the prefix's.
    for (auto at = fs::recursive_directory_iterator(prefix, error); !error && at != fs::end(at);
         at.increment(error)) {
        InventoryFile file;
        const fs::file_status status = at->symlink_status(error);
        if (error) break;
        if (fs::is_symlink(status)) {
            file.kind = InventoryFile::Kind::symlink;
            file.link = fs::read_symlink(at->path(), error).string();
        } else if (fs::is_directory(status)) {
            file.kind = InventoryFile::Kind::directory;
        } else if (fs::is_regular_file(status)) {
            file.size_bytes = at->file_size(error);
        } else {
            file.kind = InventoryFile::Kind::other;
        }
        if (error) break;
        inventory.files.emplace(at->path().lexically_relative(prefix).string(), std::move(file));
    }
    if (error)
        return fail(ErrorCode::io, fmt::format("cannot read {}: {}", prefix.string(), error.message()));
    return {};
}

Result<void> hash_files(const fs::path& prefix, Inventory& inventory) {
    std::vector<std::pair<const std::string*, InventoryFile*>> wanted;
    for (auto& [path, file] : inventory.files) {
        if (file.kind == InventoryFile::Kind::regular) wanted.emplace_back(&path, &file);
    }
    std::atomic<std::size_t> next{0};
    std::mutex mutex;
    Result<void> result;
    const auto work = [&] {
        for (std::size_t i = next++; i < wanted.size(); i = next++) {
            const auto mapped = MappedFile::open(prefix / *wanted[i].first);
            if (mapped) {
                wanted[i].second->sha256 = sha256_of(mapped->bytes());
                continue;
            }
            const std::lock_guard lock(mutex);
            result = tl::make_unexpected(mapped.error());
            next = wanted.size();
        }
    };
    std::vector<std::jthread> threads;
    for (unsigned i = 1; i < std::thread::hardware_concurrency(); ++i) threads.emplace_back(work);
    work();
    threads.clear();
    return result;
}

std::string content_of(const fs::path& file) {
    std::ifstream in(file, std::ios::binary);
    return {std::istreambuf_iterator<char>(in), {}};
}

std::string text_at(const element& object, std::string_view key) {
    std::string_view text;
    return object[key].get(text) == simdjson::SUCCESS ? std::string(text) : std::string();
}

InstalledFile recorded_file(const element& line) {
    InstalledFile file;
    if (auto path = safe_entry_path(text_at(line, "_path"))) file.path = std::move(*path);
    // A link's hash, where a record has one, is that of the file that it leads to.
    file.is_link = text_at(line, "path_type") == "softlink";
    std::string hex = text_at(line, "sha256_in_prefix");
    if (hex.empty()) hex = text_at(line, "sha256");
    if (const auto digest = Sha256::from_hex(hex)) {
        file.sha256 = *digest;
        file.has_hash = true;
    }
    std::uint64_t size = 0;
    if (line["size_in_bytes"].get(size) == simdjson::SUCCESS) file.size_bytes = size;
    return file;
}

/// A record of conda-meta; nullopt for a document that is none.
std::optional<InstalledPackage> conda_package(const fs::path& prefix, const std::string& path) {
    simdjson::dom::parser parser;
    element root;
    const std::string text = content_of(prefix / path);
    if (parser.parse(text).get(root) != simdjson::SUCCESS) return std::nullopt;
    InstalledPackage package;
    package.name = text_at(root, "name");
    package.version = text_at(root, "version");
    package.build = text_at(root, "build");
    package.record_path = path;
    if (package.name.empty() || package.version.empty()) return std::nullopt;
    if (const auto digest = Sha256::from_hex(text_at(root, "sha256"))) package.sha256 = *digest;
    simdjson::dom::array lines;
    if (root["paths_data"]["paths"].get(lines) == simdjson::SUCCESS) {
        for (const element line : lines) package.files.push_back(recorded_file(line));
    } else if (root["files"].get(lines) == simdjson::SUCCESS) {
        for (const element line : lines) {
            std::string_view name;
            if (line.get(name) != simdjson::SUCCESS) continue;
            if (auto safe = safe_entry_path(name)) package.files.push_back({std::move(*safe), {}, 0, false});
        }
    }
    std::erase_if(package.files, [](const InstalledFile& file) { return file.path.empty(); });
    return package;
}

/// A distribution by its `.dist-info`, which lies in `site` (relative to the prefix).
std::optional<InstalledPackage> distribution(const fs::path& prefix, const std::string& folder) {
    const std::string metadata = content_of(prefix / folder / "METADATA");
    InstalledPackage package;
    package.is_conda = false;
    package.name = normalize_pypi_name(header_value(metadata, "Name"));
    package.version = header_value(metadata, "Version");
    if (package.name.empty()) return std::nullopt;
    std::string installer = content_of(prefix / folder / "INSTALLER");
    installer.erase(std::min(installer.find_first_of("\r\n"), installer.size()));
    package.installer = installer;
    package.record_path = folder + "/RECORD";
    const auto lines = parse_record(content_of(prefix / package.record_path));
    if (!lines) return package;
    const fs::path site = fs::path(folder).parent_path();
    for (const RecordLine& line : *lines) {
        // Lines name files as seen from site-packages, `../../../bin/x` among them.
        const auto path = safe_entry_path((site / line.path).lexically_normal().string());
        if (!path || line.path.starts_with('/')) continue;
        InstalledFile file{*path, {}, 0, false};
        if (const auto digest = record_sha256(line.hash)) {
            file.sha256 = *digest;
            file.has_hash = true;
        }
        file.size_bytes = line.size.size() < 19 ? std::strtoull(line.size.c_str(), nullptr, 10) : 0;
        package.files.push_back(std::move(file));
    }
    return package;
}

/// The archives' hashes that aimlock noted for the wheels of a prefix, all groups together.
std::map<std::string, Sha256> noted_wheels(const fs::path& prefix, const Inventory& inventory) {
    std::map<std::string, Sha256> hashes;
    for (auto at = inventory.files.lower_bound("conda-meta/aimlock-lock"); at != inventory.files.end();
         ++at) {
        if (!at->first.starts_with("conda-meta/aimlock-lock")) break;
        simdjson::dom::parser parser;
        element root;
        const std::string text = content_of(prefix / at->first);
        simdjson::dom::object wheels;
        if (parser.parse(text).get(root) != simdjson::SUCCESS ||
            root["wheels"].get(wheels) != simdjson::SUCCESS)
            continue;
        for (const auto& [name, value] : wheels) {
            std::string_view hex;
            if (value.get(hex) != simdjson::SUCCESS) continue;
            if (const auto digest = Sha256::from_hex(hex)) hashes.emplace(name, *digest);
        }
    }
    return hashes;
}

void read_packages(const fs::path& prefix, Inventory& inventory) {
    std::unordered_set<std::string> of_conda;
    for (auto at = inventory.files.lower_bound("conda-meta/"); at != inventory.files.end(); ++at) {
        const std::string& path = at->first;
        if (!path.starts_with("conda-meta/")) break;
        if (!path.ends_with(".json") || path.starts_with("conda-meta/aimlock-lock")) continue;
        auto package = conda_package(prefix, path);
        if (!package) continue;
        for (const InstalledFile& file : package->files) of_conda.insert(file.path);
        inventory.packages.push_back(std::move(*package));
    }
    const std::map<std::string, Sha256> wheels = noted_wheels(prefix, inventory);
    for (const auto& [path, file] : inventory.files) {
        if (file.kind != InventoryFile::Kind::directory || !path.ends_with(".dist-info")) continue;
        // Distributions keep copies of others inside themselves: Python finds none of those.
        const std::string site = std::filesystem::path(path).parent_path().filename().string();
        if (site != "site-packages" && site != "dist-packages") continue;
        // What a conda package brought is that package's, not one more.
        if (of_conda.contains(path + "/METADATA")) continue;
        auto package = distribution(prefix, path);
        if (!package || package->installer == "conda") continue;
        const auto noted = wheels.find(package->name);
        if (package->installer == "aimlock" && noted != wheels.end()) package->sha256 = noted->second;
        inventory.packages.push_back(std::move(*package));
    }
}

}  // namespace

Result<Inventory> read_prefix(const fs::path& prefix) {
    std::error_code error;
    if (!fs::is_directory(prefix, error))
        return fail(ErrorCode::io, fmt::format("{} is not a folder", prefix.string()));
    Inventory inventory;
    inventory.origin = prefix.string();
    auto listed = list_files(prefix, inventory);
    if (listed) listed = hash_files(prefix, inventory);
    if (!listed) return tl::make_unexpected(listed.error());
    read_packages(prefix, inventory);
    return inventory;
}

}  // namespace aimlock
