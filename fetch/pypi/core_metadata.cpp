#include "fetch/pypi/core_metadata.hpp"

#include <algorithm>
#include <cctype>

namespace aimlock {
namespace {

std::string_view trimmed(std::string_view text) {
    while (!text.empty() && (text.front() == ' ' || text.front() == '\t')) text.remove_prefix(1);
    while (!text.empty() && (text.back() == ' ' || text.back() == '\t' || text.back() == '\r'))
        text.remove_suffix(1);
    return text;
}

bool equal_ignoring_case(std::string_view a, std::string_view b) {
    return std::ranges::equal(
        a, b, [](unsigned char x, unsigned char y) { return std::tolower(x) == std::tolower(y); });
}

void take_field(std::string_view name, std::string value, CoreMetadata& into) {
    if (value == "UNKNOWN") return;  // what old tools wrote for "nothing"
    if (equal_ignoring_case(name, "Requires-Dist")) {
        into.requires_dist.push_back(std::move(value));
    } else if (equal_ignoring_case(name, "Provides-Extra")) {
        into.provides_extra.push_back(std::move(value));
    } else if (equal_ignoring_case(name, "Requires-Python")) {
        into.requires_python = std::move(value);
    } else if (equal_ignoring_case(name, "Name") && into.name.empty()) {
        into.name = std::move(value);
    } else if (equal_ignoring_case(name, "Version") && into.version.empty()) {
        into.version = std::move(value);
    } else if (equal_ignoring_case(name, "License-Expression")) {
        into.license = std::move(value);
    }
}

}  // namespace

Result<CoreMetadata> parse_core_metadata(std::string_view text, const std::string& document) {
    CoreMetadata metadata;
    std::string_view name;
    std::string value;
    if (text.starts_with("\xef\xbb\xbf")) text.remove_prefix(3);
    while (!text.empty()) {
        const std::size_t end = std::min(text.find('\n'), text.size());
        const std::string_view line = text.substr(0, end);
        text.remove_prefix(std::min(end + 1, text.size()));
        // The description follows. A line of blanks is no end: licence texts in the header hold such lines.
        if (line.empty() || line == "\r") break;
        if (line[0] == ' ' || line[0] == '\t') {
            value.append(" ").append(trimmed(line));
            continue;
        }
        if (!name.empty()) take_field(name, std::move(value), metadata);
        const std::size_t colon = line.find(':');
        name = colon == std::string_view::npos ? std::string_view{} : line.substr(0, colon);
        value = std::string(colon == std::string_view::npos ? std::string_view{}
                                                            : trimmed(line.substr(colon + 1)));
    }
    if (!name.empty()) take_field(name, std::move(value), metadata);
    if (metadata.name.empty() || metadata.version.empty()) {
        return fail(ErrorCode::index, document + ": not a METADATA document: it states no " +
                                          (metadata.name.empty() ? "Name" : "Version"));
    }
    return metadata;
}

}  // namespace aimlock
