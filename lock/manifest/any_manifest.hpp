#pragma once

#include <array>
#include <string>
#include <string_view>
#include <vector>

#include "lock/manifest/manifest.hpp"

namespace aimlock {

/// The names that a manifest is looked for under, the first that is there wins.
inline constexpr std::array<std::string_view, 3> manifest_names{"aimlock.toml", "environment.yml",
                                                                "requirements.txt"};

/// Reads a manifest of any kind that is read in place; the file's name decides: environment*.yml or .yaml,
/// *.txt or *.in for requirements, .toml for aimlock.toml. Fails on pyproject.toml and pixi.toml, which are
/// not read yet.
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

}  // namespace aimlock
