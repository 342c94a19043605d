#include "cli/wiring/request.hpp"

#include <array>
#include <utility>

#include <fmt/core.h>

#include "cli/wiring/files.hpp"

namespace aimlock::cli {
namespace {

namespace fs = std::filesystem;

constexpr const char* manifest_name = "aimlock.toml";
constexpr const char* lock_name = "aimlock.lock";

bool is_tree_root(const fs::path& folder) {
    constexpr std::array marks{".git", ".hg", ".svn", ".jj"};
    std::error_code ignored;
    for (const char* mark : marks) {
        if (fs::exists(folder / mark, ignored)) return true;
    }
    return false;
}

/// A manifest of another tool in `folder`; its name, or empty.
std::string foreign_manifest(const fs::path& folder) {
    constexpr std::array names{"environment.yml", "environment.yaml", "pixi.toml", "pyproject.toml",
                               "requirements.txt"};
    std::error_code ignored;
    for (const char* name : names) {
        if (fs::exists(folder / name, ignored)) return name;
    }
    return {};
}

/// How people wrote or would write it: relative to where they stand.
fs::path shown_path(const fs::path& path) {
    std::error_code failed;
    const fs::path relative = fs::proximate(path, failed);
    return failed || relative.empty() ? path : relative;
}

Checked<Asked> from_manifest(const SolveFlags& flags) {
    fs::path file = flags.manifest;
    if (file.empty()) {
        const auto found = find_manifest(fs::current_path());
        if (!found) return tl::make_unexpected(std::vector{found.error()});
        file = shown_path(*found);
    }
    auto manifest = read_manifest_file(file);
    if (!manifest) return tl::make_unexpected(std::move(manifest).error());
    auto request = with_overrides(std::move(manifest->request), flags);
    if (!request) return tl::make_unexpected(std::move(request).error());
    Asked asked;
    asked.request = std::move(*request);
    asked.image = std::move(manifest->image);
    asked.channel_alias = std::move(manifest->channel_alias);
    asked.user_index_last = manifest->user_index_last && flags.indexes.empty();
    asked.notes = std::move(manifest->notes);
    asked.folder = file.parent_path();
    asked.lock_file = asked.folder / lock_name;
    if (flags.manifest.empty() && file != fs::path(manifest_name))
        asked.notes.push_back("the manifest is " + file.string());
    return asked;
}

Checked<Asked> from_command_line(const SolveFlags& flags) {
    if (!flags.manifest.empty()) {
        return tl::make_unexpected(
            std::vector{Error{ErrorCode::usage,
                              "`--manifest` and `--conda` or `--pypi` are two requests",
                              {{}, 0, 0},
                              "give one of them"}});
    }
    Asked asked;
    auto request = request_from_flags(flags, probe_host(Environment::of_process()), asked.notes);
    if (!request) return tl::make_unexpected(std::move(request).error());
    asked.request = std::move(*request);
    asked.lock_file = lock_name;
    return asked;
}

}  // namespace

Checked<Manifest> read_manifest_file(const fs::path& file) {
    const std::string name = file.filename().string();
    if (file.extension() != ".toml" || name == "pixi.toml" || name == "pyproject.toml") {
        return tl::make_unexpected(std::vector{
            Error{ErrorCode::manifest,
                  fmt::format("{} is not an aimlock.toml, and aimlock does not read other manifests yet",
                              file.string()),
                  {{}, 0, 0},
                  "write its requirements into an aimlock.toml"}});
    }
    const auto text = read_text_file(file, "manifest", 16U << 20U);
    if (!text) return tl::make_unexpected(std::vector{text.error()});
    return read_manifest(*text, file.string());
}

Result<fs::path> find_manifest(const fs::path& from) {
    fs::path folder = from;
    while (true) {
        std::error_code ignored;
        if (fs::exists(folder / manifest_name, ignored)) return folder / manifest_name;
        if (is_tree_root(folder) || folder == folder.parent_path()) break;
        folder = folder.parent_path();
    }
    if (const std::string name = foreign_manifest(from); !name.empty()) {
        return fail(ErrorCode::manifest,
                    fmt::format("no aimlock.toml here, and aimlock does not read {} yet", name),
                    "write its requirements into an aimlock.toml, or give them with `--conda` and `--pypi`");
    }
    return fail(ErrorCode::manifest,
                fmt::format("no aimlock.toml here or above (looked up to {})", folder.string()),
                "write one, or: aimlock solve --conda python=3.12 --pypi torch");
}

Checked<Asked> read_request(const SolveFlags& flags, const VariableLookup& variables) {
    Checked<Asked> asked = flags.is_request() ? from_command_line(flags) : from_manifest(flags);
    if (!asked) return asked;
    if (!flags.lock.empty()) asked->lock_file = flags.lock;
    if (!asked->request.name_map) {
        if (const auto map = variables("AIMLOCK_NAME_MAP"); map && !map->empty()) asked->name_map = *map;
        return asked;
    }
    asked->name_map = *asked->request.name_map;
    const bool is_path = asked->name_map.find("://") == std::string::npos;
    // A path on the command line is seen from where people stand, one in the manifest from the manifest.
    if (is_path && flags.name_map.empty()) asked->name_map = (asked->folder / asked->name_map).string();
    return asked;
}

}  // namespace aimlock::cli
