#pragma once

#include <string>
#include <vector>

#include "lock/manifest/table_reader.hpp"
#include "lock/manifest/toml_reader.hpp"
#include "solver/model/request.hpp"

namespace aimlock {

/// The requirement tables that a workspace and a target share the form of. Any may be absent.
struct RequirementTables {
    const TomlNode* dependencies = nullptr;
    const TomlNode* pypi_dependencies = nullptr;
    const TomlNode* constraints = nullptr;
};

/// Takes the three tables out of `in`.
RequirementTables take_requirement_tables(TableReader& in);

/// Adds what `tables` ask to `target`.
void add_requirements(const RequirementTables& tables, TargetRequest& target, ManifestErrors& errors);

/// Reads `[targets]`, each with the workspace's requirements and its own; a name that both ask for is asked
/// twice, and both hold. With no targets there is one a platform: "default" where there is at most one.
std::vector<TargetRequest> read_targets(const TomlNode* table,
                                        const std::vector<std::string>& platforms,
                                        const RequirementTables& workspace,
                                        ManifestErrors& errors);

/// False and an error where `platform` is not a conda platform.
bool check_platform(const std::string& platform, const SourcePos& pos, ManifestErrors& errors);

}  // namespace aimlock
