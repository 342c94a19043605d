#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "image/replay/prefix_text.hpp"
#include "solver/base/digest.hpp"
#include "solver/model/solution.hpp"

namespace aimlock {

/// The places of an environment that packages are unpacked into.
struct PrefixLayout {
    std::string prefix;          ///< the text that is written into files
    std::string site_packages;   ///< relative to the prefix; empty: the environment has no Python
    std::string python_version;  ///< "3.12"; empty: the environment has no Python

    [[nodiscard]] std::string interpreter() const { return prefix + "/bin/python"; }
};

/// One file that a package has put into the prefix.
struct ReplayedFile {
    enum class Kind : std::uint8_t { file, link, entry_point, folder } kind = Kind::file;
    std::string path;  ///< relative to the prefix
    Sha256 sha256;     ///< as it lies there; not known for links
    std::uint64_t size_bytes = 0;
    Sha256 packaged_sha256;  ///< as it lay in the package
    std::optional<Placeholder> placeholder;
    std::int64_t changed_ns = 0;  ///< its time, where it came from the store of unpacked packages
    bool executable = false;
};

/// What a package has put into the prefix; its record is written when all packages are there.
struct ReplayedPackage {
    const Package* package = nullptr;
    std::vector<ReplayedFile> files;  ///< sorted by path
    std::string index_json;           ///< conda: info/index.json
    std::string dist_info;            ///< wheel: its .dist-info folder, relative to the prefix
    bool compiles = false;            ///< its Python sources come without byte code
    std::vector<std::string> notes;
};

}  // namespace aimlock
