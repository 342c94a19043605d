#include "image/replay/conda_metadata.hpp"

#include <algorithm>
#include <array>
#include <unordered_map>

#include <fmt/core.h>
#include <simdjson.h>

#include "fetch/archive/entry_path.hpp"

namespace aimlock {
namespace {

using simdjson::dom::element;

constexpr std::array<std::string_view, 5> documents_read = {"index.json", "paths.json", "files", "has_prefix",
                                                            "link.json"};

tl::unexpected<Error> broken(std::string_view document, std::string_view why) {
    return fail(ErrorCode::archive, fmt::format("info/{} {}", document, why));
}

/// The text at `key`; nullopt when it is absent or something else.
std::optional<std::string_view> text_at(const element& object, std::string_view key) {
    std::string_view text;
    if (object[key].get(text) != simdjson::SUCCESS) return std::nullopt;
    return text;
}

Result<void> read_index(const element& root, CondaMetadata& metadata) {
    const auto name = text_at(root, "name");
    const auto version = text_at(root, "version");
    const auto build = text_at(root, "build");
    if (!name || !version || !build)
        return broken("index.json", "lacks the package's name, version or build");
    metadata.name = *name;
    metadata.version = *version;
    metadata.build = *build;
    metadata.noarch_python = text_at(root, "noarch") == "python";
    return {};
}

Result<CondaPath> read_path(const element& line) {
    const auto raw = text_at(line, "_path");
    if (!raw) return broken("paths.json", "has a line without a path");
    auto path = safe_entry_path(*raw);
    if (!path) return tl::make_unexpected(path.error());
    CondaPath result;
    result.path = std::move(*path);
    const std::string_view type = text_at(line, "path_type").value_or("hardlink");
    if (type == "softlink") {
        result.kind = CondaPath::Kind::link;
    } else if (type == "directory") {
        result.kind = CondaPath::Kind::folder;
    } else if (type != "hardlink") {
        return broken("paths.json", fmt::format("gives `{}` an unknown type", shown_name(*raw)));
    }
    if (const auto hex = text_at(line, "sha256"); hex && result.kind == CondaPath::Kind::file) {
        const auto digest = Sha256::from_hex(*hex);
        if (!digest)
            return broken("paths.json", fmt::format("gives `{}` a hash that is none", shown_name(*raw)));
        result.sha256 = *digest;
    }
    std::uint64_t size = 0;
    if (line["size_in_bytes"].get(size) == simdjson::SUCCESS) {
        result.size_bytes = size;
        result.has_size = true;
    }
    if (const auto text = text_at(line, "prefix_placeholder"); text && !text->empty()) {
        const std::string_view mode = text_at(line, "file_mode").value_or("text");
        if (mode != "text" && mode != "binary") {
            return broken("paths.json", fmt::format("gives `{}` an unknown mode", shown_name(*raw)));
        }
        result.placeholder = Placeholder{std::string(*text), mode == "binary"};
    }
    return result;
}

Result<void> read_paths(const element& root, CondaMetadata& metadata) {
    simdjson::dom::array lines;
    if (root["paths"].get(lines) != simdjson::SUCCESS) return broken("paths.json", "has no list of paths");
    for (const element line : lines) {
        auto path = read_path(line);
        if (!path) return tl::make_unexpected(path.error());
        metadata.paths.push_back(std::move(*path));
    }
    return {};
}

Result<void> read_link(const element& root, CondaMetadata& metadata) {
    element noarch;
    if (root["noarch"].get(noarch) != simdjson::SUCCESS) return {};
    metadata.noarch_python |= text_at(noarch, "type") == "python";
    simdjson::dom::array lines;
    if (noarch["entry_points"].get(lines) != simdjson::SUCCESS) return {};
    for (const element line : lines) {
        std::string_view text;
        if (line.get(text) != simdjson::SUCCESS)
            return broken("link.json", "has an entry point that is no text");
        auto entry = parse_entry_point(text);
        if (!entry) return tl::make_unexpected(entry.error());
        metadata.entry_points.push_back(std::move(*entry));
    }
    return {};
}

std::vector<std::string_view> lines_of(std::string_view text) {
    std::vector<std::string_view> lines;
    while (!text.empty()) {
        const std::size_t end = std::min(text.find('\n'), text.size());
        std::string_view line = text.substr(0, end);
        if (line.ends_with('\r')) line.remove_suffix(1);
        if (!line.empty()) lines.push_back(line);
        text.remove_prefix(std::min(text.size(), end + 1));
    }
    return lines;
}

/// One blank-separated word at the front of `line`, which may be in double quotes; takes it off.
std::string_view take_word(std::string_view& line) {
    while (line.starts_with(' ')) line.remove_prefix(1);
    const bool is_quoted = line.starts_with('"');
    if (is_quoted) line.remove_prefix(1);
    const std::size_t end = std::min(line.find(is_quoted ? '"' : ' '), line.size());
    const std::string_view word = line.substr(0, end);
    line.remove_prefix(std::min(line.size(), end + 1));
    return word;
}

/// Packages of before 2017 list their files as lines, and those with a placeholder in `has_prefix`.
Result<void> read_old_lists(std::string_view files, std::string_view has_prefix, CondaMetadata& metadata) {
    std::unordered_map<std::string, Placeholder> placeholders;
    for (std::string_view line : lines_of(has_prefix)) {
        const std::string_view first = take_word(line);
        if (line.empty()) {
            placeholders[std::string(first)] = {"/opt/anaconda1anaconda2anaconda3", false};
            continue;
        }
        const bool binary = take_word(line) == "binary";
        placeholders[std::string(take_word(line))] = {std::string(first), binary};
    }
    for (const std::string_view line : lines_of(files)) {
        auto path = safe_entry_path(line);
        if (!path) return tl::make_unexpected(path.error());
        CondaPath entry;
        entry.path = std::move(*path);
        if (const auto found = placeholders.find(std::string(line)); found != placeholders.end()) {
            entry.placeholder = found->second;
        }
        metadata.paths.push_back(std::move(entry));
    }
    return {};
}

}  // namespace

bool is_conda_metadata(std::string_view name) {
    return std::ranges::find(documents_read, name) != documents_read.end();
}

Result<CondaMetadata> read_conda_metadata(const std::map<std::string, std::string>& documents) {
    CondaMetadata metadata;
    using Read = Result<void> (*)(const element&, CondaMetadata&);
    static constexpr std::pair<const char*, Read> readers[] = {
        {"index.json", read_index}, {"paths.json", read_paths}, {"link.json", read_link}};
    for (const auto& [name, read] : readers) {
        const auto found = documents.find(name);
        if (found == documents.end()) continue;
        simdjson::dom::parser parser;
        element root;
        if (parser.parse(found->second).get(root) != simdjson::SUCCESS) return broken(name, "is not JSON");
        auto done = read(root, metadata);
        if (!done) return tl::make_unexpected(done.error());
    }
    const auto index = documents.find("index.json");
    if (index == documents.end()) return broken("index.json", "is missing");
    metadata.index_json = index->second;
    if (documents.contains("paths.json")) return metadata;
    const auto files = documents.find("files");
    if (files == documents.end()) return broken("paths.json", "is missing, and info/files as well");
    const auto has_prefix = documents.find("has_prefix");
    auto done = read_old_lists(
        files->second, has_prefix == documents.end() ? std::string_view{} : has_prefix->second, metadata);
    if (!done) return tl::make_unexpected(done.error());
    return metadata;
}

}  // namespace aimlock
