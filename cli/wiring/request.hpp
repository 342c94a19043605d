#pragma once

#include <filesystem>
#include <optional>

#include "cli/render/console.hpp"
#include "cli/wiring/solve_flags.hpp"
#include "lock/manifest/manifest.hpp"

namespace aimlock::cli {

/// A request with the places that belong to it.
struct Asked {
    Request request;
    std::optional<ImageManifest> image;
    std::optional<std::string> channel_alias;
    bool user_index_last = false;    ///< the user's own index comes after the request's
    std::string name_map;            ///< file or URL; empty: none is named
    std::vector<std::string> notes;  ///< what was assumed, or read past
    std::filesystem::path folder;    ///< relative channels and files of the request are below it
    std::filesystem::path lock_file;
};

/// The request of the command line where it makes one, else of the manifest that is named or found, with the
/// flags that override it.
Checked<Asked> read_request(const SolveFlags& flags, const VariableLookup& variables);

/// Reads a manifest of any kind that is read in place.
Checked<Manifest> read_manifest_file(const std::filesystem::path& file);

/// The nearest aimlock.toml in `from` or above it, else the nearest manifest of another tool; not beyond the
/// root of a version-controlled tree.
Result<std::filesystem::path> find_manifest(const std::filesystem::path& from);

}  // namespace aimlock::cli
