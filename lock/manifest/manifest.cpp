#include "lock/manifest/manifest.hpp"

#include <utility>

#include "lock/manifest/image_table.hpp"
#include "lock/manifest/table_reader.hpp"
#include "lock/manifest/target_tables.hpp"
#include "lock/manifest/toml_reader.hpp"
#include "lock/manifest/workspace_tables.hpp"

namespace aimlock {
namespace {

void read_mirrors(const TomlNode& table, Request& request, ManifestErrors& errors) {
    TableReader in(table, "[mirrors]", errors);
    for (const TomlEntry& entry : table.entries) {
        if (entry.value.kind == TomlNode::Kind::text) {
            if (auto mirror = in.text(entry.key)) request.mirrors[entry.key] = {*std::move(mirror)};
        } else {
            request.mirrors[entry.key] = in.texts(entry.key);
        }
    }
}

void read_document(const TomlNode& document, Manifest& manifest, ManifestErrors& errors) {
    TableReader in(document, {}, errors);
    std::vector<std::string> platforms;
    if (const TomlNode* workspace = in.table("workspace"))
        platforms = read_workspace_table(*workspace, {}, manifest, errors);
    if (const TomlNode* options = in.table("pypi-options"))
        read_pypi_options_table(*options, {}, manifest, errors);
    if (const TomlNode* mirrors = in.table("mirrors")) read_mirrors(*mirrors, manifest.request, errors);
    const RequirementTables workspace = take_requirement_tables(in);
    manifest.request.targets = read_targets(in.table("targets"), platforms, workspace, errors);
    if (const TomlNode* image = in.table("image")) {
        std::vector<std::string> targets;
        for (const TargetRequest& target : manifest.request.targets) targets.push_back(target.target.name);
        manifest.image = read_image_table(*image, targets, errors);
    }
    in.finish();
}

}  // namespace

tl::expected<Manifest, std::vector<Error>> read_manifest(std::string_view text, const std::string& file) {
    Result<TomlNode> document = read_toml(text, file);
    if (!document) return tl::make_unexpected(std::vector<Error>{std::move(document).error()});
    Manifest manifest;
    manifest.file = file;
    ManifestErrors errors;
    read_document(*document, manifest, errors);
    if (!errors.empty()) return tl::make_unexpected(std::move(errors).taken());
    return manifest;
}

}  // namespace aimlock
