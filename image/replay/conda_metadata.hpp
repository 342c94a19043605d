#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "image/replay/entry_points.hpp"
#include "image/replay/prefix_text.hpp"
#include "solver/base/digest.hpp"
#include "solver/base/result.hpp"

namespace aimlock {

/// One line of a conda package's list of files.
struct CondaPath {
    enum class Kind : std::uint8_t { file, link, folder } kind = Kind::file;
    std::string path;  ///< as packaged, normal form
    Sha256 sha256;     ///< as packaged; not known in packages without paths.json
    std::uint64_t size_bytes = 0;
    bool has_size = false;
    std::optional<Placeholder> placeholder;
};

/// What a conda package says of itself in info/.
struct CondaMetadata {
    std::string name;
    std::string version;
    std::string build;
    bool noarch_python = false;
    std::vector<CondaPath> paths;
    std::vector<EntryPoint> entry_points;
    std::string index_json;  ///< the text of info/index.json
};

/// Reads the documents of info/ by their names in it ("index.json", "paths.json", …). Every path is
/// normalised and refused if it leaves the prefix.
Result<CondaMetadata> read_conda_metadata(const std::map<std::string, std::string>& documents);

/// Whether `name` (without `info/`) is a document that `read_conda_metadata` reads.
bool is_conda_metadata(std::string_view name);

}  // namespace aimlock
