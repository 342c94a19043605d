#pragma once

#include "lock/manifest/table_reader.hpp"
#include "lock/manifest/toml_reader.hpp"
#include "solver/model/request.hpp"

namespace aimlock {

/// Reads `[dependencies]`: NAME = "SPEC" or { version, build, channel, subdir }, in the document's order.
std::vector<CondaRoot> read_conda_table(const TomlNode& table, ManifestErrors& errors);

/// Reads `[pypi-dependencies]`: NAME = "SPECIFIER" or { version, extras, index, markers, url, git + rev,
/// subdirectory }. `path` is known and refused: there is no solving it yet.
std::vector<PypiRoot> read_pypi_table(const TomlNode& table, ManifestErrors& errors);

/// Reads `[constraints]` into the target: NAME = "SPEC" bounds the conda package and the PyPI project of that
/// name, each where the spec can be read as one of its world; { conda = "SPEC", pypi = "SPECIFIER" } bounds
/// one, or both unlike.
void read_constraints_table(const TomlNode& table, TargetRequest& target, ManifestErrors& errors);

/// One requirement, as any manifest writes it: `text` "numpy >=2" at `pos`. An address in it is checked, and
/// shown without what is secret of it.
Result<CondaRoot> read_conda_requirement(std::string text, SourcePos pos);
Result<PypiRoot> read_pypi_requirement(std::string text, SourcePos pos);

}  // namespace aimlock
