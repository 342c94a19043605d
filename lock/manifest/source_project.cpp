#include "lock/manifest/source_project.hpp"

#include <algorithm>

#include "lock/manifest/table_reader.hpp"
#include "lock/manifest/toml_reader.hpp"

namespace aimlock {
namespace {

const TomlNode* table_of(const TomlNode& document, std::string_view name) {
    const auto entry = std::ranges::find(document.entries, name, &TomlEntry::key);
    return entry == document.entries.end() || entry->value.kind != TomlNode::Kind::table ? nullptr
                                                                                         : &entry->value;
}

/// `name; marker` for an extra: its own marker, where there is one, and the extra's.
std::string of_extra(const std::string& requirement, const std::string& extra) {
    const std::size_t semicolon = requirement.find(';');
    const std::string asks = "extra == \"" + extra + "\"";
    if (semicolon == std::string::npos) return requirement + " ; " + asks;
    return requirement.substr(0, semicolon) + "; (" + requirement.substr(semicolon + 1) + ") and " + asks;
}

void read_project(const TomlNode& table, SourceProject& project, ManifestErrors& errors) {
    TableReader in(table, "[project]", errors);
    CoreMetadata& metadata = project.metadata;
    metadata.name = in.text("name").value_or("");
    metadata.version = in.text("version").value_or("");
    metadata.requires_python = in.text("requires-python").value_or("");
    metadata.requires_dist = in.texts("dependencies");
    if (const TomlNode* licence = in.node("license");
        licence != nullptr && licence->kind == TomlNode::Kind::text)
        metadata.license = licence->text;
    if (const TomlNode* extras = in.table("optional-dependencies")) {
        TableReader groups(*extras, "[project.optional-dependencies]", errors);
        for (const TomlEntry& entry : extras->entries) {
            metadata.provides_extra.push_back(entry.key);
            for (const std::string& requirement : groups.texts(entry.key))
                metadata.requires_dist.push_back(of_extra(requirement, entry.key));
        }
    }
    project.dynamic = in.texts("dynamic");
    project.has_project = !metadata.name.empty();
}

}  // namespace

Result<SourceProject> read_source_project(std::string_view text, const std::string& file) {
    SourceProject project;
    project.build_requires = {"setuptools>=40.8.0", "wheel"};
    project.build_backend = "setuptools.build_meta:__legacy__";
    if (text.empty()) return project;
    const Result<TomlNode> document = read_toml(text, file);
    if (!document) return tl::make_unexpected(document.error());
    ManifestErrors errors;
    if (const TomlNode* table = table_of(*document, "project")) read_project(*table, project, errors);
    if (const TomlNode* table = table_of(*document, "build-system")) {
        TableReader in(*table, "[build-system]", errors);
        project.build_requires = in.texts("requires");
        if (auto backend = in.text("build-backend")) project.build_backend = *std::move(backend);
        project.backend_path = in.texts("backend-path");
    }
    if (!errors.empty()) return tl::make_unexpected(std::move(std::move(errors).taken().front()));
    return project;
}

}  // namespace aimlock
