#include "lock/manifest/requirement_tables.hpp"

#include <algorithm>
#include <map>
#include <utility>

#include "solver/spec/direct_url.hpp"
#include "solver/spec/package_name.hpp"

namespace aimlock {
namespace {

/// A spec put together of a key and values: "numpy" and ">=2" are "numpy >=2".
struct Composed {
    std::string text;
    SourcePos key_pos;
    std::size_t value_at = 0;  ///< where the value begins in `text`
    SourcePos value_pos;
    std::size_t tail_at = std::string::npos;  ///< where what follows the value begins
    SourcePos tail_pos = {};
};

/// `error`, found in the composed text, moved to the byte of the manifest that it is about.
Error placed(Error error, const Composed& composed) {
    const std::size_t at = error.pos.line == 0 ? composed.value_at : error.pos.column - 1;
    if (at < composed.value_at) {
        error.pos = composed.key_pos;
    } else if (at < composed.tail_at) {
        error.pos = advanced(composed.value_pos, at - composed.value_at);
    } else {
        error.pos = composed.tail_pos;
    }
    error.code = ErrorCode::manifest;
    return error;
}

/// `name`, `value` and `after` as one spec. `*` asks for nothing: it is left out unless something stands
/// behind it.
Composed compose(const std::string& name,
                 const SourcePos& key_pos,
                 std::string_view value,
                 const SourcePos& value_pos,
                 std::string_view after = {}) {
    Composed out{name, key_pos, 0, value_pos};
    const bool whole = value != "*" || !after.empty();
    if (whole) out.text += " ";
    out.value_at = out.text.size();
    if (whole) out.text.append(value).append(after);
    return out;
}
Composed compose(const TomlEntry& entry, const TomlNode& value) {
    return compose(entry.key, entry.pos, value.text, value.pos);
}

/// True where `text` can stand in a MatchSpec as it is.
bool is_one_word(std::string_view text) {
    return !text.empty() && text.find_first_of(" \t,[]'\"=:#") == std::string_view::npos;
}

std::optional<std::string> word(TableReader& in, std::string_view key, ManifestErrors& errors) {
    const TomlNode* value = in.text_node(key);
    if (value == nullptr) return std::nullopt;
    const std::size_t scheme = key == "channel" ? value->text.find("://") : std::string::npos;
    const std::string_view rest =
        std::string_view(value->text).substr(scheme == std::string::npos ? 0 : scheme + 3);
    if (is_one_word(rest)) return value->text;
    errors.add("`" + value->text + "` is not a " + std::string(key), value->pos);
    return std::nullopt;
}

/// The version, build, channel and subdir of one conda requirement, as a MatchSpec's text.
Composed compose_conda(const TomlEntry& entry, ManifestErrors& errors) {
    if (entry.value.kind == TomlNode::Kind::text) return compose(entry, entry.value);
    TableReader in(entry.value, "`" + entry.key + "`", errors);
    const TomlNode* version = in.text_node("version");
    const std::optional<std::string> build = word(in, "build", errors);
    const std::optional<std::string> channel = word(in, "channel", errors);
    const std::optional<std::string> subdir = word(in, "subdir", errors);
    in.finish();
    std::string name = entry.key;
    if (channel) name = *channel + (subdir ? "/" + *subdir : "") + "::" + name;
    std::string after;
    if (build) after = " " + *build;
    if (subdir && !channel) after += "[subdir=" + *subdir + "]";
    if (version == nullptr) return compose(name, entry.pos, "*", entry.pos, after);
    return compose(name, entry.pos, version->text, version->pos, after);
}

/// Where a requirement is shown to begin: its value, the quote included.
SourcePos place_of(const TomlEntry& entry) {
    SourcePos pos = entry.value.pos;
    if (entry.value.kind == TomlNode::Kind::text) --pos.column;
    return pos;
}

/// False and an error where the value of a requirement is neither a text nor a table.
bool is_value(const TomlEntry& entry, ManifestErrors& errors) {
    if (entry.value.kind == TomlNode::Kind::table) return true;
    TomlNode one;
    one.entries = {entry};
    return TableReader(one, {}, errors).text_node(entry.key) != nullptr;
}

bool is_conda_name(const TomlEntry& entry, ManifestErrors& errors) {
    if (is_valid_conda_name(entry.key)) return true;
    std::string lower = entry.key;
    for (char& c : lower) c = c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
    errors.add("`" + entry.key + "` is not a conda package name", entry.pos,
               is_valid_conda_name(lower) ? "write `" + lower + "`" : "");
    return false;
}

bool is_pypi_name(const TomlEntry& entry, ManifestErrors& errors) {
    if (is_valid_pypi_name(entry.key)) return true;
    errors.add("`" + entry.key + "` is not a PyPI project name", entry.pos);
    return false;
}

/// What a requirement names in the place of a version: the address behind ` @ `, and where it stands.
struct WrittenAddress {
    std::string text;
    SourcePos pos;
};

/// `url`, or `git` with the full commit as `rev`.
std::optional<WrittenAddress> written_address(TableReader& in, ManifestErrors& errors) {
    const TomlNode* url = in.text_node("url");
    const TomlNode* git = in.text_node("git");
    const TomlNode* rev = in.text_node("rev");
    const std::optional<std::string> subdirectory = in.text("subdirectory");
    for (const std::string_view moving : {"branch", "tag"}) {
        if (const TomlNode* value = in.text_node(moving)) {
            errors.add("a " + std::string(moving) + " can move: only a full commit pins what is installed",
                       value->pos,
                       git == nullptr ? "write `rev` with the commit"
                                      : "write `rev` with the commit of: git ls-remote " + git->text + " " +
                                            value->text);
            return std::nullopt;
        }
    }
    if (const TomlNode* path = in.node("path")) {
        in.node("editable");
        errors.add(
            "a project in a folder is not installed from the lock: it has no hash that stays", path->pos,
            "copy it in the image's last layer, or install it with `pip install --no-deps` afterwards");
        return std::nullopt;
    }
    if (url != nullptr && git != nullptr)
        errors.add("`url` and `git` are two addresses of one project", git->pos, "write one of them");
    WrittenAddress address;
    if (git != nullptr) {
        if (rev == nullptr) {
            errors.add("`git` without `rev`: only a full commit pins what is installed", git->pos,
                       "write `rev` with the commit of: git ls-remote " + git->text + " HEAD");
            return std::nullopt;
        }
        address.text = (git->text.starts_with("git+") ? "" : "git+") + git->text + "@" + rev->text;
        address.pos = git->pos;
    } else if (url != nullptr) {
        address = {url->text, url->pos};
    } else {
        return std::nullopt;
    }
    if (subdirectory) {
        const bool has_fragment = address.text.find('#') != std::string::npos;
        address.text += (has_fragment ? "&subdirectory=" : "#subdirectory=") + *subdirectory;
    }
    return address;
}

std::string joined_extras(const TomlEntry& entry, TableReader& in, ManifestErrors& errors) {
    std::string out;
    for (const std::string& extra : in.texts("extras")) {
        if (!is_valid_pypi_name(extra))
            errors.add("`" + extra + "` is not the name of an extra", entry.value.pos);
        out += (out.empty() ? "[" : ",") + extra;
    }
    return out.empty() ? out : out + "]";
}

/// A PyPI requirement, and the index that it alone comes from.
std::pair<Composed, std::optional<std::string>> compose_pypi(const TomlEntry& entry, ManifestErrors& errors) {
    if (entry.value.kind == TomlNode::Kind::text) return {compose(entry, entry.value), std::nullopt};
    TableReader in(entry.value, "`" + entry.key + "`", errors);
    const TomlNode* version = in.text_node("version");
    const std::string name = entry.key + joined_extras(entry, in, errors);
    const TomlNode* markers = in.text_node("markers");
    std::optional<std::string> index = in.text("index");
    const std::optional<WrittenAddress> address = written_address(in, errors);
    in.finish();
    if (address && version != nullptr && version->text != "*")
        errors.add("an address has one version: `version` has no place beside it", version->pos);
    Composed out = address              ? compose(name + " @", entry.pos, address->text, address->pos)
                   : version == nullptr ? compose(name, entry.pos, "*", entry.pos)
                                        : compose(name, entry.pos, version->text, version->pos);
    if (address && markers != nullptr) out.text += " ";
    if (markers != nullptr) {
        out.text += "; ";
        out.tail_at = out.text.size();
        out.tail_pos = markers->pos;
        out.text += markers->text;
    }
    return {std::move(out), std::move(index)};
}

}  // namespace

Result<CondaRoot> read_conda_requirement(std::string text, SourcePos pos) {
    Result<MatchSpec> spec = MatchSpec::parse(text, {pos.file, 1, 1});
    if (!spec) return tl::make_unexpected(std::move(spec).error());
    return CondaRoot{*std::move(spec), std::move(text), std::move(pos)};
}

Result<PypiRoot> read_pypi_requirement(std::string text, SourcePos pos) {
    Result<Requirement> requirement = Requirement::parse(text, {pos.file, 1, 1});
    if (!requirement) return tl::make_unexpected(std::move(requirement).error());
    if (requirement->url) {
        const std::size_t at = text.find(*requirement->url);
        auto address =
            DirectUrl::parse(*requirement->url,
                             {pos.file, 1, static_cast<std::uint32_t>(at == std::string::npos ? 1 : at + 1)});
        if (!address) return tl::make_unexpected(std::move(address).error());
        // Shown and locked; what gives access stays in the requirement alone.
        Requirement shown = *requirement;
        shown.url = address->text();
        text = shown.text();
    }
    return PypiRoot{*std::move(requirement), std::move(text), std::nullopt, std::move(pos)};
}

std::vector<CondaRoot> read_conda_table(const TomlNode& table, ManifestErrors& errors) {
    std::vector<CondaRoot> roots;
    for (const TomlEntry& entry : table.entries) {
        if (!is_conda_name(entry, errors) || !is_value(entry, errors)) continue;
        const Composed composed = compose_conda(entry, errors);
        Result<CondaRoot> root = read_conda_requirement(composed.text, place_of(entry));
        if (root) {
            roots.push_back(*std::move(root));
        } else {
            errors.add(placed(std::move(root).error(), composed));
        }
    }
    return roots;
}

std::vector<PypiRoot> read_pypi_table(const TomlNode& table, ManifestErrors& errors) {
    std::vector<PypiRoot> roots;
    std::map<std::string, std::string> spelled;
    for (const TomlEntry& entry : table.entries) {
        if (!is_pypi_name(entry, errors) || !is_value(entry, errors)) continue;
        const auto [other, is_new] = spelled.emplace(normalize_pypi_name(entry.key), entry.key);
        if (!is_new) {
            errors.add("`" + entry.key + "` and `" + other->second + "` are one PyPI project", entry.pos);
            continue;
        }
        auto [composed, index] = compose_pypi(entry, errors);
        Result<PypiRoot> root = read_pypi_requirement(composed.text, place_of(entry));
        if (root) {
            root->index = std::move(index);
            roots.push_back(*std::move(root));
        } else {
            errors.add(placed(std::move(root).error(), composed));
        }
    }
    return roots;
}

void read_constraints_table(const TomlNode& table, TargetRequest& target, ManifestErrors& errors) {
    for (const TomlEntry& entry : table.entries) {
        if (!is_value(entry, errors)) continue;
        const bool one_text = entry.value.kind == TomlNode::Kind::text;
        const TomlNode* conda = &entry.value;
        const TomlNode* pypi = &entry.value;
        if (!one_text) {
            TableReader in(entry.value, "`" + entry.key + "`", errors);
            conda = in.text_node("conda");
            pypi = in.text_node("pypi");
            in.finish();
        }
        std::vector<Error> unread;
        const auto enter = [&](auto& into, const auto& read, const TomlNode* bound) {
            if (bound == nullptr) return;
            const Composed composed = compose(entry, *bound);
            auto root = read(composed.text, place_of(entry));
            if (root) {
                into.push_back(*std::move(root));
            } else {
                unread.push_back(placed(std::move(root).error(), composed));
            }
        };
        enter(target.conda_constraints, read_conda_requirement, conda);
        enter(target.pypi_constraints, read_pypi_requirement, pypi);
        // One text for both worlds need only be a spec of one: `3.12.*` is none of PyPI's.
        if (unread.size() == 2 || (!one_text && !unread.empty())) errors.add(std::move(unread.front()));
    }
}

}  // namespace aimlock
