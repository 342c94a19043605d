#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "cli/commands/commands.hpp"

namespace aimlock::cli {

/// `--base none`: the lock's layers alone, with --oci.
inline constexpr std::string_view no_base = "none";

/// What `aimlock image` was given.
struct ImageFlags {
    std::string action;                   ///< empty: write; "push"
    std::string reference;                ///< with "push"
    std::vector<std::string> mount_from;  ///< with "push"
    std::string lock = "aimlock.lock";
    std::string manifest;  ///< empty: aimlock.toml beside the lock, where there is one
    std::string target;    ///< empty: [image] target, else the lock's first
    std::string base;      ///< empty: [image] base, else the lock's
    std::string dialect = "portable";
    std::string vendor;       ///< empty: archives are fetched in the build
    std::string installer;    ///< empty: this program
    std::string oci;          ///< empty: a Dockerfile; else the layout to write
    std::string base_layout;  ///< with `oci`: the base on disk
    std::string compression = "gzip";
    unsigned threads = 0;  ///< 0: one per processor
    bool no_byte_code = false;
    bool plan = false;
    bool force = false;
};

/// `aimlock image`: lock -> layer plan -> build context beside the lock, or OCI layout.
Ending write_image(const ImageFlags& flags, Console& console);

}  // namespace aimlock::cli
