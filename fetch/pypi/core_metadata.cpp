#include "fetch/pypi/core_metadata.hpp"

#include <algorithm>

#include "fetch/packing.hpp"
#include "solver/version/ascii.hpp"

namespace aimlock {
namespace {

std::string_view trimmed(std::string_view text) {
    while (!text.empty() && (text.front() == ' ' || text.front() == '\t')) text.remove_prefix(1);
    while (!text.empty() && (text.back() == ' ' || text.back() == '\t' || text.back() == '\r'))
        text.remove_suffix(1);
    return text;
}

bool equal_ignoring_case(std::string_view a, std::string_view b) {
    return std::ranges::equal(a, b, [](char x, char y) { return to_lower(x) == to_lower(y); });
}

void pack_texts(Packer& packer, const std::vector<std::string>& texts) {
    packer.value(static_cast<std::uint32_t>(texts.size()));
    for (const std::string& text : texts) packer.text(text);
}

std::vector<std::string> unpack_texts(Unpacker& in) {
    std::vector<std::string> texts;
    const auto count = in.value<std::uint32_t>();
    texts.reserve(std::min<std::size_t>(count, in.left() / sizeof(std::uint32_t)));
    for (std::uint32_t i = 0; i < count && in.good(); ++i) texts.emplace_back(in.text());
    return texts;
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

/// Calls `take` with each field of the header and its value, folded lines joined.
template <class Take>
void for_each_field(std::string_view text, Take take) {
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
        if (!name.empty()) take(name, std::move(value));
        const std::size_t colon = line.find(':');
        name = colon == std::string_view::npos ? std::string_view{} : line.substr(0, colon);
        value = std::string(colon == std::string_view::npos ? std::string_view{}
                                                            : trimmed(line.substr(colon + 1)));
    }
    if (!name.empty()) take(name, std::move(value));
}

}  // namespace

Result<CoreMetadata> parse_core_metadata(std::string_view text, const std::string& document) {
    CoreMetadata metadata;
    for_each_field(text, [&](std::string_view name, std::string value) {
        take_field(name, std::move(value), metadata);
    });
    if (metadata.name.empty() || metadata.version.empty()) {
        return fail(ErrorCode::index, document + ": not a METADATA document: it states no " +
                                          (metadata.name.empty() ? "Name" : "Version"));
    }
    return metadata;
}

std::vector<std::string> metadata_values(std::string_view text, std::string_view field) {
    std::vector<std::string> values;
    for_each_field(text, [&](std::string_view name, std::string value) {
        if (equal_ignoring_case(name, field)) values.push_back(std::move(value));
    });
    return values;
}

std::string pack_core_metadata(const CoreMetadata& metadata) {
    Packer packer;
    packer.text(metadata.name);
    packer.text(metadata.version);
    packer.text(metadata.requires_python);
    packer.text(metadata.license);
    pack_texts(packer, metadata.requires_dist);
    pack_texts(packer, metadata.provides_extra);
    return packer.take();
}

std::optional<CoreMetadata> unpack_core_metadata(std::string_view packed) {
    Unpacker in(packed);
    CoreMetadata metadata;
    metadata.name = in.text();
    metadata.version = in.text();
    metadata.requires_python = in.text();
    metadata.license = in.text();
    metadata.requires_dist = unpack_texts(in);
    metadata.provides_extra = unpack_texts(in);
    if (!in.finished() || metadata.name.empty()) return std::nullopt;
    return metadata;
}

}  // namespace aimlock
