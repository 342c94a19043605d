#include "fetch/pypi/index_config.hpp"

#include <algorithm>
#include <optional>
#include <sstream>

namespace aimlock {
namespace {

/// What one place says.
struct Configured {
    std::vector<std::string> main;  // at most one counts
    std::vector<std::string> extra;

    [[nodiscard]] bool empty() const { return main.empty() && extra.empty(); }
};

std::vector<std::string> words(std::string_view text) {
    std::istringstream stream{std::string(text)};
    std::vector<std::string> found;
    for (std::string word; stream >> word;) found.push_back(word);
    return found;
}

std::string_view trimmed(std::string_view text) {
    const std::size_t first = text.find_first_not_of(" \t\r\"'");
    if (first == std::string_view::npos) return {};
    return text.substr(first, text.find_last_not_of(" \t\r\"'") - first + 1);
}

void append(std::vector<std::string>& to, const std::vector<std::string>& more) {
    to.insert(to.end(), more.begin(), more.end());
}

/// INI: `[global]` and `[install]`, keys with `-` or `_`, values that go on in indented lines.
Configured read_pip_conf(const std::string& text) {
    Configured found;
    std::istringstream lines(text);
    std::vector<std::string>* value = nullptr;
    bool applies = false;
    for (std::string line; std::getline(lines, line);) {
        const std::string_view content = trimmed(line);
        if (content.empty() || content[0] == '#' || content[0] == ';') continue;
        if (line[0] == ' ' || line[0] == '\t') {
            if (value != nullptr) append(*value, words(content));
            continue;
        }
        value = nullptr;
        if (content[0] == '[') {
            applies = content == "[global]" || content == "[install]";
            continue;
        }
        const std::size_t equals = content.find_first_of("=:");
        if (!applies || equals == std::string_view::npos) continue;
        std::string key(trimmed(content.substr(0, equals)));
        std::ranges::replace(key, '_', '-');
        if (key == "index-url") value = &found.main;
        if (key == "extra-index-url") value = &found.extra;
        if (value != nullptr) *value = words(content.substr(equals + 1));
    }
    return found;
}

/// The few TOML forms that uv.toml uses for indexes: `key = "…"`, `key = ["…", "…"]`, and `[[index]]` tables.
Configured read_uv_toml(const std::string& text) {
    Configured found;
    std::istringstream lines(text);
    bool in_index = false;
    std::string url;
    bool is_default = false;
    const auto close = [&] {
        if (in_index && !url.empty()) (is_default ? found.main : found.extra).push_back(url);
        url.clear();
        is_default = false;
    };
    for (std::string line; std::getline(lines, line);) {
        std::string_view content = trimmed(line);
        if (content.starts_with('[')) {
            close();
            in_index = content.starts_with("[[index]]");
            if (!in_index && !content.starts_with("[pip]")) in_index = false;
            continue;
        }
        const std::size_t equals = content.find('=');
        if (equals == std::string_view::npos || content.starts_with('#')) continue;
        const std::string key(trimmed(content.substr(0, equals)));  // the line it is on may be replaced below
        std::string value(content.substr(equals + 1));
        while (value.find('[') != std::string::npos && value.find(']') == std::string::npos &&
               std::getline(lines, line))
            value += line;
        for (char& c : value) {
            if (c == '[' || c == ']' || c == ',' || c == '"' || c == '\'') c = ' ';
        }
        const std::vector<std::string> values = words(std::string_view(value).substr(0, value.find(" #")));
        if (values.empty()) continue;
        if (in_index && key == "url") url = values[0];
        if (in_index && key == "default") is_default = values[0] == "true";
        if (!in_index && key == "index-url") found.main = values;
        if (!in_index && key == "extra-index-url") append(found.extra, values);
    }
    close();
    return found;
}

Configured from_variables(const Environment& environment,
                          std::initializer_list<const char*> main,
                          std::initializer_list<const char*> extra) {
    Configured found;
    for (const char* name : main) {
        if (found.main.empty()) found.main = words(environment.get(name).value_or(std::string{}));
    }
    for (const char* name : extra) append(found.extra, words(environment.get(name).value_or(std::string{})));
    for (std::string& address : found.extra) {  // UV_INDEX may name it: `corp=https://…`
        const std::size_t scheme = address.find("://");
        const std::size_t equals = address.find('=');
        if (equals < scheme) address.erase(0, equals + 1);
    }
    return found;
}

Configured from_pip_files(const Environment& environment) {
    std::vector<std::filesystem::path> files;
    if (const auto given = environment.get("PIP_CONFIG_FILE")) files.emplace_back(*given);
    files.push_back(environment.config_home() / "pip" / "pip.conf");
    if (!environment.home.empty()) files.push_back(environment.home / ".pip" / "pip.conf");
    files.push_back(environment.system_root / "etc/pip.conf");
    Configured found;
    for (const auto& file : files) {
        const std::optional<std::string> text = read_whole_file(file);
        if (!text) continue;
        const Configured here = read_pip_conf(*text);
        if (found.main.empty()) found.main = here.main;
        if (found.extra.empty()) found.extra = here.extra;
    }
    return found;
}

Configured from_uv_files(const Environment& environment) {
    std::vector<std::filesystem::path> files;
    if (const auto given = environment.get("UV_CONFIG_FILE")) files.emplace_back(*given);
    files.push_back(environment.config_home() / "uv" / "uv.toml");
    files.push_back(environment.system_root / "etc/uv/uv.toml");
    for (const auto& file : files) {
        if (const auto text = read_whole_file(file)) return read_uv_toml(*text);
    }
    return {};
}

}  // namespace

std::vector<std::string> index_addresses(const std::vector<std::string>& requested,
                                         const Environment& environment) {
    std::vector<std::string> addresses = requested;
    if (addresses.empty()) {
        Configured found = from_variables(environment, {"PIP_INDEX_URL"}, {"PIP_EXTRA_INDEX_URL"});
        if (found.empty())
            found = from_variables(environment, {"UV_DEFAULT_INDEX", "UV_INDEX_URL"},
                                   {"UV_INDEX", "UV_EXTRA_INDEX_URL"});
        if (found.empty()) found = from_pip_files(environment);
        if (found.empty()) found = from_uv_files(environment);
        addresses = found.extra;
        if (found.main.empty()) {
            if (const std::string built_in = default_index(); !built_in.empty())
                addresses.push_back(built_in);
        } else {
            addresses.push_back(found.main.front());
        }
    }
    for (std::string& address : addresses) {
        while (address.ends_with('/')) address.pop_back();
    }
    return addresses;
}

}  // namespace aimlock
