#include <algorithm>

#include "fetch/conda/record_parser.hpp"

namespace aimlock {
namespace {

namespace json = simdjson::ondemand;

bool has_control_characters(std::string_view text) {
    return std::ranges::any_of(text, [](unsigned char c) { return c < 0x20 || c == 0x7f; });
}

}  // namespace

// The list that was pushed since `begin`.
TextList RecordReader::Parser::list_from(std::uint32_t begin) {
    const TextList pushed{begin, static_cast<std::uint32_t>(repodata_.lists.size()) - begin};
    if (pushed.size == 0) return {};
    const TextList kept = *known_lists_.insert(pushed).first;
    if (kept.begin != begin) repodata_.lists.own().resize(begin);
    return kept;
}

simdjson::error_code RecordReader::Parser::take_field(std::string_view key, json::value& value) {
    using Take = simdjson::error_code (*)(Parser&, json::value&);
    static constexpr std::pair<std::string_view, Take> fields[] = {
        {"name", [](Parser& p, json::value& v) { return p.text(v, p.record_.name); }},
        {"version", [](Parser& p, json::value& v) { return p.text(v, p.record_.version); }},
        {"build", [](Parser& p, json::value& v) { return p.text(v, p.record_.build); }},
        {"build_number", [](Parser& p, json::value& v) { return number(v, p.record_.build_number); }},
        {"depends", [](Parser& p, json::value& v) { return p.list(v, p.record_.depends); }},
        {"constrains", [](Parser& p, json::value& v) { return p.list(v, p.record_.constrains); }},
        {"purls", [](Parser& p, json::value& v) { return p.list(v, p.record_.purls); }},
        {"sha256", [](Parser& p, json::value& v) { return p.digest(v); }},
        {"md5", [](Parser& p, json::value& v) { return p.weak_digest(v); }},
        {"size", [](Parser& p, json::value& v) { return number(v, p.record_.size_bytes); }},
        {"license", [](Parser& p, json::value& v) { return p.text(v, p.record_.license); }},
        {"subdir", [](Parser& p, json::value& v) { return p.text(v, p.stated_subdir_); }},
        {"timestamp", [](Parser& p, json::value& v) { return timestamp(v, p.record_.timestamp_ms); }},
        {"indexed_timestamp", [](Parser& p, json::value& v) { return timestamp(v, p.indexed_ms_); }},
        {"track_features", [](Parser& p, json::value& v) { return p.features(v); }},
        {"flags", [](Parser& p, json::value& v) { return p.flags(v); }},
        {"extra_depends", [](Parser& p, json::value& v) { return p.extra_depends(v); }},
        {"noarch", [](Parser& p, json::value& v) { return p.noarch(v); }},
        {"run_exports", [](Parser& p, json::value& v) { return p.run_exports(v); }},
        {"python_site_packages_path",
         [](Parser& p, json::value& v) { return p.text(v, p.record_.python_site_packages_path); }},
    };
    for (const auto& [name, take] : fields) {
        if (name == key) return take(*this, value);
    }
    return simdjson::SUCCESS;
}

simdjson::error_code RecordReader::Parser::text(json::value& value, TextId& into) {
    std::string_view found;
    if (const auto code = value.get_string().get(found); code != simdjson::SUCCESS) return code;
    if (has_control_characters(found)) why_ = "a field holds control characters";
    into = repodata_.texts.intern(found);
    return simdjson::SUCCESS;
}

simdjson::error_code RecordReader::Parser::number(json::value& value, std::uint64_t& into) {
    json::number found;
    if (const auto code = value.get_number().get(found); code != simdjson::SUCCESS)
        return simdjson::INCORRECT_TYPE;
    const double real = found.as_double();
    if (found.is_uint64()) {
        into = found.get_uint64();
    } else if (real > 0 && real < 1e18) {
        into = static_cast<std::uint64_t>(real);
    }
    return simdjson::SUCCESS;
}

/// Old records state seconds. 1e11 ms is 1973, 1e11 s is far away: the boundary that conda itself uses is
/// near.
simdjson::error_code RecordReader::Parser::timestamp(json::value& value, std::uint64_t& into) {
    const auto code = number(value, into);
    if (into < 100'000'000'000U) into *= 1000;
    return code;
}

simdjson::error_code RecordReader::Parser::list(json::value& value, TextList& into) {
    json::array entries;
    if (value.get_array().get(entries) != simdjson::SUCCESS) return simdjson::INCORRECT_TYPE;
    const auto begin = static_cast<std::uint32_t>(repodata_.lists.size());
    for (auto entry : entries) {
        std::string_view found;
        if (const auto code = entry.get_string().get(found); code != simdjson::SUCCESS) return code;
        if (has_control_characters(found)) why_ = "a field holds control characters";
        repodata_.lists.push_back(repodata_.texts.intern(found));
    }
    into = list_from(begin);
    return simdjson::SUCCESS;
}

/// CEP 44: a list of specs for each group.
simdjson::error_code RecordReader::Parser::extra_depends(json::value& value) {
    json::object groups;
    if (value.get_object().get(groups) != simdjson::SUCCESS) return simdjson::INCORRECT_TYPE;
    const auto begin = static_cast<std::uint32_t>(repodata_.lists.size());
    for (auto field : groups) {
        std::string_view name;
        if (const auto code = field.unescaped_key().get(name); code != simdjson::SUCCESS) return code;
        const TextId group = repodata_.texts.intern(name);
        json::array specs;
        if (field.value().get_array().get(specs) != simdjson::SUCCESS) return simdjson::INCORRECT_TYPE;
        for (auto entry : specs) {
            std::string_view spec;
            if (const auto code = entry.get_string().get(spec); code != simdjson::SUCCESS) return code;
            if (has_control_characters(name) || has_control_characters(spec))
                why_ = "a field holds control characters";
            repodata_.lists.push_back(group);
            repodata_.lists.push_back(repodata_.texts.intern(spec));
        }
    }
    record_.extra_depends = list_from(begin);
    return simdjson::SUCCESS;
}

/// CEP 45.
simdjson::error_code RecordReader::Parser::flags(json::value& value) {
    json::array entries;
    if (value.get_array().get(entries) != simdjson::SUCCESS) return simdjson::INCORRECT_TYPE;
    std::string joined;
    for (auto entry : entries) {
        std::string_view flag;
        if (const auto code = entry.get_string().get(flag); code != simdjson::SUCCESS) return code;
        if (!joined.empty()) joined += ' ';
        joined += flag;
    }
    if (has_control_characters(joined)) why_ = "a field holds control characters";
    record_.flags = repodata_.texts.intern(joined);
    return simdjson::SUCCESS;
}

simdjson::error_code RecordReader::Parser::digest(json::value& value) {
    std::string_view hex;
    if (const auto code = value.get_string().get(hex); code != simdjson::SUCCESS) return code;
    if (const auto parsed = Sha256::from_hex(hex)) {
        record_.sha256 = *parsed;
    } else if (!hex.empty()) {
        why_ = "its sha256 is not 64 hexadecimal digits";
    }
    return simdjson::SUCCESS;
}

/// Old records have texts there that are none; they count as not stated.
simdjson::error_code RecordReader::Parser::weak_digest(json::value& value) {
    std::string_view hex;
    if (const auto code = value.get_string().get(hex); code != simdjson::SUCCESS) return code;
    record_.md5 = Md5::from_hex(hex).value_or(Md5{});
    return simdjson::SUCCESS;
}

/// A string of names with blanks or commas between them, or a list.
simdjson::error_code RecordReader::Parser::features(json::value& value) {
    std::string joined;
    const auto add = [&joined](std::string_view names) {
        for (const char c : names) {
            const bool between = c == ' ' || c == ',';
            if (!between) joined += c;
            if (between && !joined.empty() && joined.back() != ' ') joined += ' ';
        }
    };
    std::string_view whole;
    json::array entries;
    if (value.get_string().get(whole) == simdjson::SUCCESS) {
        add(whole);
    } else if (value.get_array().get(entries) == simdjson::SUCCESS) {
        for (auto entry : entries) {
            if (const auto code = entry.get_string().get(whole); code != simdjson::SUCCESS) return code;
            add(whole);
            add(" ");
        }
    }
    while (joined.ends_with(' ')) joined.pop_back();
    record_.track_features = repodata_.texts.intern(joined);
    return simdjson::SUCCESS;
}

/// "python", "generic", or, in records of 2014, true.
simdjson::error_code RecordReader::Parser::noarch(json::value& value) {
    std::string_view word;
    bool flag = false;
    if (value.get_string().get(word) == simdjson::SUCCESS) {
        record_.noarch = word == "python" ? Noarch::python : Noarch::generic;
    } else if (value.get_bool().get(flag) == simdjson::SUCCESS && flag) {
        record_.noarch = Noarch::generic;
    }
    return simdjson::SUCCESS;
}

/// CEP 12 and 21: kept as it is written, for whoever builds upon the package.
simdjson::error_code RecordReader::Parser::run_exports(json::value& value) {
    json::object exports;
    std::string_view written;
    if (value.get_object().get(exports) != simdjson::SUCCESS) return simdjson::INCORRECT_TYPE;
    if (const auto code = exports.raw_json().get(written); code != simdjson::SUCCESS) return code;
    record_.run_exports = repodata_.texts.intern(written);
    return simdjson::SUCCESS;
}

}  // namespace aimlock
