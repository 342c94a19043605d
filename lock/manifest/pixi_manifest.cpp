// pixi.toml, and pyproject.toml with its `[project]` and `[tool.pixi]`.
// pixi's words mean the same here where both have them. What only runs things (tasks, activation) is named in
// the notes; what would change the answer and is not understood (features, environments, building) is
// refused.
#include <algorithm>
#include <iterator>
#include <utility>

#include "lock/manifest/any_manifest.hpp"
#include "lock/manifest/requirement_tables.hpp"
#include "lock/manifest/table_reader.hpp"
#include "lock/manifest/target_rules.hpp"
#include "lock/manifest/target_tables.hpp"
#include "lock/manifest/toml_reader.hpp"
#include "lock/manifest/workspace_tables.hpp"

namespace aimlock {
namespace {

const std::vector<std::string_view> workspace_keys{
    "version",    "description",   "authors",       "license", "license-file",   "readme",        "homepage",
    "repository", "documentation", "requires-pixi", "preview", "build-variants", "conda-pypi-map"};

void read_system_requirements(const TomlNode& table,
                              std::vector<TargetRequest>& targets,
                              ManifestErrors& errors) {
    TableReader in(table, "[system-requirements]", errors);
    const auto number = [&](const TomlNode* value) -> std::optional<std::string> {
        if (value == nullptr) return std::nullopt;
        if (is_dotted_number(value->text, 1, 2)) return value->text;
        errors.add("`" + value->text + "` is not a version such as `12.4`", value->pos);
        return std::nullopt;
    };
    const std::optional<std::string> cuda = number(in.text_node("cuda"));
    std::optional<std::string> glibc;
    const TomlNode* libc = in.node("libc");
    if (libc != nullptr && libc->kind == TomlNode::Kind::table) {
        TableReader family(*libc, "`libc`", errors);
        family.choice<bool>("family", {{"glibc", true}});
        glibc = number(family.text_node("version"));
        family.finish();
    } else {
        glibc = number(in.text_node("libc"));
    }
    const std::optional<std::string> archspec = in.text("archspec");
    for (const std::string_view key : {"linux", "macos"}) in.node(key);
    in.finish();
    for (TargetRequest& request : targets) {
        if (!request.target.platform.starts_with("osx-")) request.target.cuda = cuda;
        if (glibc) request.target.glibc = *glibc;
        if (archspec) request.target.archspec = *archspec;
    }
}

/// True where pixi's `target.SELECTOR` is about `platform`.
bool is_selected(std::string_view selector, std::string_view platform) {
    const std::string_view family = platform.substr(0, platform.find('-'));
    return selector == platform || selector == family || (selector == "unix" && family != "win");
}

void read_selectors(const TomlNode& table, std::vector<TargetRequest>& targets, ManifestErrors& errors) {
    for (const TomlEntry& entry : table.entries) {
        if (entry.value.kind != TomlNode::Kind::table) {
            errors.add("`" + entry.key + "` is not a table", entry.pos);
            continue;
        }
        TableReader in(entry.value, "[target." + entry.key + "]", errors);
        const RequirementTables tables = take_requirement_tables(in);
        in.node("activation");
        in.node("tasks");
        in.finish();
        for (TargetRequest& request : targets) {
            if (is_selected(entry.key, request.target.platform)) add_requirements(tables, request, errors);
        }
    }
}

void read_pixi_tables(const TomlNode& document,
                      const std::string& name,
                      Manifest& manifest,
                      ManifestErrors& errors) {
    TableReader in(document, name, errors);
    std::vector<std::string> platforms;
    for (const std::string_view key : {"workspace", "project"}) {
        if (const TomlNode* table = in.table(key))
            platforms = read_workspace_table(*table, workspace_keys, manifest, errors);
    }
    if (const TomlNode* options = in.table("pypi-options")) {
        read_pypi_options_table(*options, {"index-strategy", "no-build-isolation", "dependency-overrides"},
                                manifest, errors);
    }
    std::vector<TargetRequest>& targets = manifest.request.targets;
    targets = read_targets(nullptr, platforms, take_requirement_tables(in), errors);
    if (const TomlNode* table = in.table("system-requirements"))
        read_system_requirements(*table, targets, errors);
    if (const TomlNode* table = in.table("target")) read_selectors(*table, targets, errors);
    for (const std::string_view key : {"tasks", "activation"}) {
        if (in.node(key) != nullptr)
            manifest.notes.push_back("`" + std::string(key) + "` of " + manifest.file + " is read past");
    }
    for (const std::string_view key :
         {"feature", "environments", "package", "host-dependencies", "build-dependencies", "dev"}) {
        if (const TomlNode* value = in.node(key)) {
            errors.add("`" + std::string(key) + "` is not supported yet", value->pos,
                       "write a target into aimlock.toml instead");
        }
    }
    in.finish();
}

/// Reads `[project]` (PEP 621): its dependencies hold for every target, as does the Python that it requires
/// where conda brings one.
void read_project(const TomlNode& project, bool has_pixi, Manifest& manifest, ManifestErrors& errors) {
    // Unknown keys of [project] are other tools' affair: there is no `finish`.
    TableReader in(project, "[project]", errors);
    Request& request = manifest.request;
    if (request.name.empty()) request.name = in.text("name").value_or("");
    const TomlNode* list = in.node("dependencies");
    for (const TomlNode* item :
         list == nullptr ? std::vector<const TomlNode*>{} : text_items(*list, errors)) {
        Result<PypiRoot> root = read_pypi_requirement(item->text, item->pos);
        if (!root) {
            Error error = std::move(root).error();
            error.pos = advanced(item->pos, error.pos.line == 0 ? 0 : error.pos.column - 1);
            error.code = ErrorCode::manifest;
            errors.add(std::move(error));
        } else {
            for (TargetRequest& target : request.targets) target.pypi.push_back(*root);
        }
    }
    for (const std::string_view key : {"optional-dependencies", "dynamic"}) {
        if (in.node(key) != nullptr)
            manifest.notes.push_back("`" + std::string(key) + "` of [project] is not asked for");
    }
    const TomlNode* python = in.text_node("requires-python");
    if (python == nullptr || !has_pixi) return;
    Result<CondaRoot> root = read_conda_requirement("python " + python->text, python->pos);
    if (!root)
        return errors.add("`" + python->text + "` is not a version bound that conda has too", python->pos);
    for (TargetRequest& target : request.targets) target.conda.push_back(*root);
}

const TomlNode* found(const TomlNode* table, std::string_view key) {
    if (table == nullptr) return nullptr;
    const auto entry = std::ranges::find(table->entries, key, &TomlEntry::key);
    return entry == table->entries.end() || entry->value.kind != TomlNode::Kind::table ? nullptr
                                                                                       : &entry->value;
}

}  // namespace

tl::expected<Manifest, std::vector<Error>> read_pixi_toml(std::string_view text, const std::string& file) {
    Result<TomlNode> document = read_toml(text, file);
    if (!document) return tl::make_unexpected(std::vector<Error>{std::move(document).error()});
    Manifest manifest;
    manifest.file = file;
    ManifestErrors errors;
    read_pixi_tables(*document, {}, manifest, errors);
    if (!errors.empty()) return tl::make_unexpected(std::move(errors).taken());
    return manifest;
}

tl::expected<Manifest, std::vector<Error>> read_pyproject_toml(std::string_view text,
                                                               const std::string& file) {
    Result<TomlNode> document = read_toml(text, file);
    if (!document) return tl::make_unexpected(std::vector<Error>{std::move(document).error()});
    Manifest manifest;
    manifest.file = file;
    ManifestErrors errors;
    const TomlNode* pixi = found(found(&*document, "tool"), "pixi");
    const TomlNode* project = found(&*document, "project");
    if (pixi == nullptr && project == nullptr) {
        errors.add("neither `[project]` nor `[tool.pixi]` is here", {file, 1, 1},
                   "run `aimlock init` to write aimlock.toml");
    }
    const TomlNode nothing;
    read_pixi_tables(pixi == nullptr ? nothing : *pixi, "[tool.pixi]", manifest, errors);
    if (project != nullptr) read_project(*project, pixi != nullptr, manifest, errors);
    if (found(&*document, "dependency-groups") != nullptr) {
        manifest.notes.emplace_back("`dependency-groups` are not asked for");
    }
    if (!errors.empty()) return tl::make_unexpected(std::move(errors).taken());
    return manifest;
}

}  // namespace aimlock
