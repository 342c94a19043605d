#include "lock/manifest/pip_lines.hpp"

#include <array>
#include <utility>

#include "lock/manifest/requirement_tables.hpp"
#include "solver/spec/package_name.hpp"

namespace aimlock {
namespace {

constexpr std::string_view blanks = " \t\r";

/// `line` without its comment, which begins at the start or behind a blank.
std::string_view without_comment(std::string_view line) {
    for (std::size_t i = 0; i < line.size(); ++i) {
        if (line[i] == '#' && (i == 0 || blanks.find(line[i - 1]) != std::string_view::npos))
            return line.substr(0, i);
    }
    return line;
}

/// Takes the blanks off both ends; `at` moves with the beginning.
std::string_view trimmed(std::string_view text, SourcePos& at) {
    const std::size_t begin = std::min(text.find_first_not_of(blanks), text.size());
    text.remove_prefix(begin);
    at = advanced(std::move(at), begin);
    return text.substr(0, text.find_last_not_of(blanks) + 1);
}

struct Option {
    std::string_view name;
    std::string_view refusal;  ///< empty: read
};
constexpr std::array options{Option{"--index-url", ""},
                             Option{"-i", ""},
                             Option{"--extra-index-url", ""},
                             Option{"--find-links", ""},
                             Option{"-f", ""},
                             Option{"--only-binary", ""},
                             Option{"--prefer-binary", ""},
                             Option{"--pre", ""},
                             Option{"--requirement", "another file of requirements"},
                             Option{"-r", "another file of requirements"},
                             Option{"--constraint", "a file of constraints"},
                             Option{"-c", "a file of constraints"},
                             Option{"--editable", "an editable requirement"},
                             Option{"-e", "an editable requirement"},
                             Option{"--no-binary", ""},
                             Option{"--no-index", "`--no-index`"},
                             Option{"--require-hashes", "`--require-hashes`"},
                             Option{"--trusted-host", "`--trusted-host`"}};

/// pip's `--no-binary`: names between commas, `:all:` or `:none:`.
void add_names(std::string_view list, SourcePolicy& sources) {
    while (!list.empty()) {
        const std::string_view name = list.substr(0, list.find(','));
        list.remove_prefix(std::min(name.size() + 1, list.size()));
        if (name == ":all:" || name == ":none:") {
            sources.no_wheels = name == ":all:";
            sources.sources_only.clear();
        } else if (!name.empty()) {
            sources.sources_only.push_back(normalize_pypi_name(name));
        }
    }
}

void read_option(std::string_view line, SourcePos at, Manifest& manifest, ManifestErrors& errors) {
    const std::size_t end = std::min(line.find_first_of(" \t="), line.size());
    const std::string_view name = line.substr(0, end);
    SourcePos value_at = advanced(at, std::min(end + 1, line.size()));
    const std::string value(trimmed(line.substr(std::min(end + 1, line.size())), value_at));
    std::vector<std::string> known;
    for (const Option& option : options) {
        known.emplace_back(option.name);
        if (option.name != name) continue;
        if (!option.refusal.empty())
            return errors.add(std::string(option.refusal) + " is not supported yet", std::move(at));
        Request& request = manifest.request;
        if (name == "--pre") request.options.prerelease = PrereleaseMode::allow;
        if (name == "--pre" || name == "--only-binary" || name == "--prefer-binary") return;
        if (value.empty()) return errors.add("`" + std::string(name) + "` has no value", std::move(at));
        if (name == "--no-binary") return add_names(value, request.options.sources);
        if (name == "--find-links" || name == "-f") {
            request.find_links.push_back(value);
        } else if (name == "--extra-index-url") {
            manifest.user_index_last = manifest.user_index_last || request.indexes.empty();
            request.indexes.insert(request.indexes.begin(), value);
        } else {
            manifest.user_index_last = false;
            request.indexes.push_back(value);
        }
        return;
    }
    errors.add("unknown option `" + std::string(name) + "`", std::move(at), nearest_known(name, known));
}

}  // namespace

void read_pip_line(std::string_view line,
                   const SourcePos& at,
                   Manifest& manifest,
                   TargetRequest& target,
                   ManifestErrors& errors) {
    SourcePos pos = at;
    std::string_view text = trimmed(without_comment(line), pos);
    if (text.empty()) return;
    if (text.front() == '-') return read_option(text, std::move(pos), manifest, errors);
    // Hashes bind files that another resolver chose; ours are in the lock.
    if (const std::size_t hash = text.find(" --hash"); hash != std::string_view::npos) {
        text = text.substr(0, hash);
        text = text.substr(0, text.find_last_not_of(blanks) + 1);
    }
    if (text.starts_with('.') || text.starts_with('/') || text.find("://") < text.find_first_of(";@ ")) {
        return errors.add("a path or an address without a name is not understood", std::move(pos),
                          "write `NAME @ https://…`, a file as `NAME @ file:///…`");
    }
    Result<PypiRoot> root = read_pypi_requirement(std::string(text), pos);
    if (!root) {
        Error error = std::move(root).error();
        error.pos = advanced(pos, error.pos.line == 0 ? 0 : error.pos.column - 1);
        error.code = ErrorCode::manifest;
        return errors.add(std::move(error));
    }
    target.pypi.push_back(*std::move(root));
}

}  // namespace aimlock
