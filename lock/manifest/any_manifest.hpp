#pragma once

#include <array>
#include <string>
#include <string_view>
#include <vector>

#include "lock/manifest/manifest.hpp"

namespace aimlock {

/// The names that a manifest is looked for under, the first that is there wins.
inline constexpr std::array<std::string_view, 5> manifest_names{
    "aimlock.toml", "environment.yml", "pyproject.toml", "pixi.toml", "requirements.txt"};

/// Reads a manifest of any kind that is read in place; the file's name decides: pixi.toml, pyproject.toml,
/// *.yml or *.yaml for environment.yml, *.txt or *.in for requirements, else aimlock.toml.
tl::expected<Manifest, std::vector<Error>> read_any_manifest(std::string_view text, const std::string& file);

/// Reads an environment.yml (CEP 24): name, channels, dependencies with `pip:` lists, platforms. `nodefaults`
/// is read past. Keys with no meaning here are named in the notes.
tl::expected<Manifest, std::vector<Error>> read_environment_yml(std::string_view text,
                                                                const std::string& file);

/// Reads a requirements.txt: requirements, comments, continued lines, `--index-url`, `--extra-index-url`,
/// `--find-links`.
/// `-r`, `-c`, `-e`, paths and URLs are refused: nothing is read past.
tl::expected<Manifest, std::vector<Error>> read_requirements_txt(std::string_view text,
                                                                 const std::string& file);

/// Reads a pixi.toml: workspace or project, dependencies, pypi-dependencies, pypi-options,
/// system-requirements and `target.PLATFORM`; one target a platform. Features, environments and building are
/// refused.
tl::expected<Manifest, std::vector<Error>> read_pixi_toml(std::string_view text, const std::string& file);

/// Reads a pyproject.toml: the dependencies of `[project]` (PEP 621) and `[tool.pixi]`. Optional dependencies
/// and dependency groups (PEP 735) are not asked for, which the notes say.
tl::expected<Manifest, std::vector<Error>> read_pyproject_toml(std::string_view text,
                                                               const std::string& file);

}  // namespace aimlock
