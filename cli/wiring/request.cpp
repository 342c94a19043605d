#include "cli/wiring/request.hpp"

#include <array>
#include <span>
#include <utility>

#include <fmt/format.h>

#include "cli/wiring/files.hpp"
#include "lock/manifest/any_manifest.hpp"

namespace aimlock::cli {
namespace {

namespace fs = std::filesystem;

constexpr const char* lock_name = "aimlock.lock";

bool is_tree_root(const fs::path& folder) {
    constexpr std::array marks{".git", ".hg", ".svn", ".jj"};
    std::error_code ignored;
    for (const char* mark : marks) {
        if (fs::exists(folder / mark, ignored)) return true;
    }
    return false;
}

/// The first of `names` in `folder` or above it, not beyond the tree's root. `looked_up_to`: the last folder.
std::optional<fs::path> nearest_of(std::span<const std::string_view> names,
                                   const fs::path& from,
                                   fs::path& looked_up_to) {
    fs::path folder = from;
    while (true) {
        std::error_code ignored;
        looked_up_to = folder;
        for (const std::string_view name : names) {
            if (fs::exists(folder / name, ignored)) return folder / name;
        }
        if (is_tree_root(folder) || folder == folder.parent_path()) return std::nullopt;
        folder = folder.parent_path();
    }
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
    if (flags.manifest.empty() && file != fs::path(manifest_names.front()))
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

/// Folders on the command line are seen from where people stand, those of the request from its folder.
void add_find_links(const SolveFlags& flags, Asked& asked) {
    for (const std::string& folder : flags.find_links) {
        const bool as_written = asked.folder.empty() || folder.find("://") != std::string::npos;
        asked.request.find_links.push_back(
            as_written ? folder
                       : fs::absolute(folder).lexically_proximate(fs::absolute(asked.folder)).string());
    }
}

}  // namespace

Checked<Manifest> read_manifest_file(const fs::path& file) {
    const auto text = read_text_file(file, "manifest", 16U << 20U);
    if (!text) return tl::make_unexpected(std::vector{text.error()});
    return read_any_manifest(*text, file.string());
}

Result<fs::path> find_manifest(const fs::path& from) {
    // An aimlock.toml above wins over another tool's file here: it was written for this program.
    const std::span<const std::string_view> names = manifest_names;
    fs::path looked_up_to;
    for (const auto& wanted : {names.first(1), names.subspan(1)}) {
        if (const auto found = nearest_of(wanted, from, looked_up_to)) return *found;
    }
    return fail(
        ErrorCode::manifest,
        fmt::format("no {} here or above (looked up to {})", fmt::join(names, ", "), looked_up_to.string()),
        "write one, or: aimlock solve --conda python=3.12 --pypi torch");
}

Checked<Asked> read_request(const SolveFlags& flags, const VariableLookup& variables) {
    Checked<Asked> asked = flags.is_request() ? from_command_line(flags) : from_manifest(flags);
    if (!asked) return asked;
    if (!flags.lock.empty()) asked->lock_file = flags.lock;
    add_find_links(flags, *asked);
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
