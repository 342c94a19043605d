#include "lock/manifest/workspace_tables.hpp"

#include <utility>

#include "lock/instant.hpp"
#include "lock/manifest/target_tables.hpp"
#include "solver/spec/package_name.hpp"

namespace aimlock {
namespace {

std::vector<std::string> read_platforms(TableReader& in, ManifestErrors& errors) {
    std::vector<std::string> out;
    const TomlNode* list = in.node("platforms");
    for (const std::string& platform : in.texts("platforms")) {
        if (check_platform(platform, list->pos, errors)) out.push_back(platform);
    }
    return out;
}

void read_cutoff(TableReader& in, SolveOptions& options, ManifestErrors& errors) {
    const TomlNode* value = in.node("exclude-newer");
    if (value == nullptr) return;
    // TOML has times of its own; both spellings mean the same.
    if (value->kind != TomlNode::Kind::time) value = in.text_node("exclude-newer");
    if (value == nullptr) return;
    Result<std::int64_t> instant = parse_instant(value->text, value->pos);
    if (instant) {
        options.exclude_newer_ms = *instant;
    } else {
        instant.error().code = ErrorCode::manifest;
        errors.add(std::move(instant).error());
    }
}

/// `find-links` holds texts, or pixi's { path = "…" } and { url = "…" }.
void read_find_links(TableReader& in, Request& request, ManifestErrors& errors) {
    const TomlNode* list = in.node("find-links");
    if (list == nullptr) return;
    if (list->kind != TomlNode::Kind::array) return errors.add("`find-links` is not a list", list->pos);
    for (const TomlNode& item : list->items) {
        if (item.kind != TomlNode::Kind::table) {
            TomlNode one;
            one.items = {item};
            for (const TomlNode* text : text_items(one, errors)) request.find_links.push_back(text->text);
            continue;
        }
        TableReader place(item, "`find-links`", errors);
        for (const std::string_view key : {"path", "url"}) {
            if (auto text = place.text(key)) request.find_links.push_back(*std::move(text));
        }
        place.finish();
    }
}

/// A key that is true, false, or true for some projects.
struct FlagOrNames {
    std::optional<bool> flag;
    std::vector<std::string> names;  ///< normalised
};

FlagOrNames read_flag_or_names(TableReader& in, std::string_view key, ManifestErrors& errors) {
    FlagOrNames read;
    const TomlNode* value = in.node(key);
    if (value == nullptr) return read;
    if (value->kind != TomlNode::Kind::array) {
        read.flag = in.flag(key);
        return read;
    }
    for (const TomlNode* name : text_items(*value, errors)) {
        if (is_valid_pypi_name(name->text)) {
            read.names.push_back(normalize_pypi_name(name->text));
        } else {
            errors.add("`" + name->text + "` is not a PyPI project name", name->pos);
        }
    }
    return read;
}

}  // namespace

std::vector<std::string> read_workspace_table(const TomlNode& table,
                                              const std::vector<std::string_view>& foreign_keys,
                                              Manifest& manifest,
                                              ManifestErrors& errors) {
    TableReader in(table, "[workspace]", errors);
    Request& request = manifest.request;
    SolveOptions& options = request.options;
    request.name = in.text("name").value_or("");
    request.channels = in.texts("channels");
    using Priority = ChannelPriority;
    const auto priority = in.choice<Priority>(
        "channel-priority",
        {{"strict", Priority::strict}, {"flexible", Priority::flexible}, {"disabled", Priority::disabled}});
    options.channel_priority = priority.value_or(Priority::strict);
    manifest.channel_alias = in.text("channel-alias");
    std::vector<std::string> platforms = read_platforms(in, errors);
    read_cutoff(in, options, errors);
    request.name_map = in.text("name-map");
    request.accept_terms = in.texts("accept-terms");
    const auto prerelease =
        in.choice<PrereleaseMode>("prerelease", {{"if-necessary", PrereleaseMode::if_necessary},
                                                 {"allow", PrereleaseMode::allow},
                                                 {"disallow", PrereleaseMode::disallow}});
    options.prerelease = prerelease.value_or(PrereleaseMode::if_necessary);
    const auto resolution =
        in.choice<ResolutionMode>("resolution", {{"highest", ResolutionMode::highest},
                                                 {"lowest", ResolutionMode::lowest},
                                                 {"lowest-direct", ResolutionMode::lowest_direct}});
    options.resolution = resolution.value_or(ResolutionMode::highest);
    for (const std::string_view key : foreign_keys) in.node(key);
    in.finish();
    return platforms;
}

void read_pypi_options_table(const TomlNode& table,
                             const std::vector<std::string_view>& foreign_keys,
                             Manifest& manifest,
                             ManifestErrors& errors) {
    TableReader in(table, "[pypi-options]", errors);
    // As uv and pixi: extra indexes are asked before the main one.
    manifest.request.indexes = in.texts("extra-index-urls");
    if (auto index = in.text("index-url")) {
        manifest.request.indexes.push_back(*std::move(index));
    } else {
        manifest.user_index_last = !manifest.request.indexes.empty();
    }
    read_find_links(in, manifest.request, errors);
    SourcePolicy& sources = manifest.request.options.sources;
    // pixi's words; unlike there, nothing is built where nothing is said.
    const FlagOrNames no_build = read_flag_or_names(in, "no-build", errors);
    sources.all = no_build.flag == false || !no_build.names.empty();
    sources.never = no_build.names;
    const FlagOrNames no_binary = read_flag_or_names(in, "no-binary", errors);
    sources.no_wheels = no_binary.flag == true;
    sources.sources_only = no_binary.names;
    const FlagOrNames allowed = read_flag_or_names(in, "allow-sdist", errors);
    sources.all = sources.all || allowed.flag == true;
    sources.allowed = allowed.names;
    for (const std::string_view key : foreign_keys) in.node(key);
    in.finish();
}

}  // namespace aimlock
