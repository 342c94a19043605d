#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "solver/base/digest.hpp"

namespace aimlock {

/// One file that is there.
struct InventoryFile {
    enum class Kind : std::uint8_t { regular, symlink, directory, other } kind = Kind::regular;
    Sha256 sha256;  ///< of a regular file
    std::uint64_t size_bytes = 0;
    std::string link;  ///< of a symlink
};

/// What an installed package says it put there.
struct InstalledFile {
    std::string path;  ///< relative to the prefix, normalised
    Sha256 sha256;     ///< not known: the record states none
    std::uint64_t size_bytes = 0;
    bool has_hash = false;
    bool is_link = false;  ///< a symbolic link by its record; its hash, if any, is of what it ends at
};

/// One package that is there, by its own record (conda-meta/*.json or *.dist-info).
struct InstalledPackage {
    bool is_conda = true;
    std::string name;
    std::string version;
    std::string build;
    Sha256 sha256;            ///< of the archive; not known for a package that another tool installed
    std::string installer;    ///< INSTALLER of a distribution: "aimlock", "pip", …
    std::string record_path;  ///< of the record itself, relative to the prefix
    std::vector<InstalledFile> files;
};

/// What is in a prefix, a root folder or an image: files by path relative to the prefix, and installed
/// packages.
struct Inventory {
    std::string origin;  ///< for people: the prefix or image that was read
    std::map<std::string, InventoryFile> files;
    std::vector<InstalledPackage> packages;
};

}  // namespace aimlock
