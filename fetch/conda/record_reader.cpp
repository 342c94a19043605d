#include "fetch/conda/record_reader.hpp"

#include <algorithm>
#include <utility>

#include <fmt/format.h>

#include "fetch/compression.hpp"
#include "fetch/conda/record_parser.hpp"
#include "fetch/url.hpp"

namespace aimlock {
namespace {

namespace json = simdjson::ondemand;

/// A text that may become part of a path or a line: not empty, no separator, no blank, no control character,
/// no `..`.
bool is_plain(std::string_view text) {
    const auto bad = [](unsigned char c) { return c <= 0x20 || c == 0x7f || c == '/' || c == '\\'; };
    return !text.empty() && text != "." && text.find("..") != 0 && std::ranges::none_of(text, bad);
}

}  // namespace

RecordReader::Parser::Parser(const RepodataOrigin& origin, std::string_view only_name)
    : document_(origin.document), only_name_(only_name) {
    repodata_.channel = origin.channel;
    repodata_.subdir = origin.subdir;
    repodata_.base_url = origin.subdir_url;
}

Result<void> RecordReader::Parser::take(std::string_view key, std::string text) {
    text.reserve(text.size() + text_padding);
    json::document document;
    const simdjson::padded_string_view view(text.data(), text.size(), text.capacity());
    simdjson::error_code code = parser_.iterate(view).get(document);
    if (code == simdjson::SUCCESS) code = take_value(key, document);
    if (!bad_base_url_.empty()) {
        return fail(ErrorCode::repodata, "its `base_url` leads where a server may not: " + bad_base_url_);
    }
    if (code == simdjson::SUCCESS) return {};
    return fail(ErrorCode::repodata,
                fmt::format("invalid JSON under `{}` ({})", key, simdjson::error_message(code)));
}

Repodata RecordReader::Parser::finish(Log& log) {
    if (!removed_.empty()) {
        std::erase_if(repodata_.records.own(), [&](const CondaRecord& r) {
            return removed_.contains(std::string(repodata_.text(r.file_name)));
        });
    }
    if (dropped_ != 0) {
        log.write(LogLevel::warning,
                  fmt::format("{}: {} of {} records are not usable and were left out, first {}: {}",
                              document_, dropped_, dropped_ + repodata_.records.size(),
                              shown_url(first_dropped_), why_dropped_));
    }
    repodata_.sort_by_name();
    return std::move(repodata_);
}

simdjson::error_code RecordReader::Parser::take_value(std::string_view key, json::document& document) {
    if (key.starts_with("packages")) return take_records(key, document);
    if (key == "v3") return take_v3(document);
    if (key == "info") return take_info(document);
    if (key == "removed") return take_removed(document);
    return simdjson::SUCCESS;
}

simdjson::error_code RecordReader::Parser::take_info(json::document& document) {
    json::object info;
    if (const auto code = document.get_object().get(info); code != simdjson::SUCCESS) return code;
    std::string base;
    for (auto field : info) {
        std::string_view key;
        if (const auto code = field.unescaped_key().get(key); code != simdjson::SUCCESS) return code;
        std::string_view text;
        if (key == "base_url" && field.value().get_string().get(text) == simdjson::SUCCESS) base = text;
        if (key == "channel_relations") take_relations(field.value());
    }
    if (base.empty()) return simdjson::SUCCESS;
    std::string url = without_credentials(join_url(repodata_.base_url, base));
    if (!url.ends_with('/')) url += '/';
    const auto leads_to_a_new_kind = [&](bool (*is_of_kind)(std::string_view)) {
        return is_of_kind(url) && !is_of_kind(repodata_.base_url);
    };
    if (!is_channel_url(url) || leads_to_a_new_kind(is_file_url) || leads_to_a_new_kind(is_oci_url))
        bad_base_url_ = shown_url(url);
    repodata_.base_url = std::move(url);
    return simdjson::SUCCESS;
}

/// CEP 42; what is no text there says nothing.
void RecordReader::Parser::take_relations(simdjson::simdjson_result<json::value> value) {
    json::object relations;
    if (value.get_object().get(relations) != simdjson::SUCCESS) return;
    for (auto field : relations) {
        std::string_view key;
        std::string_view text;
        if (field.unescaped_key().get(key) != simdjson::SUCCESS) return;
        if (field.value().get_string().get(text) != simdjson::SUCCESS) continue;
        if (key == "base") repodata_.relations.base = text;
        if (key == "overrides") repodata_.relations.overrides = text;
    }
}

simdjson::error_code RecordReader::Parser::take_removed(json::document& document) {
    json::array names;
    if (document.get_array().get(names) != simdjson::SUCCESS) return simdjson::SUCCESS;
    for (auto entry : names) {
        std::string_view name;
        if (entry.get_string().get(name) == simdjson::SUCCESS) removed_.emplace(name);
    }
    return simdjson::SUCCESS;
}

simdjson::error_code RecordReader::Parser::take_records(std::string_view key, json::document& document) {
    json::object section;
    if (const auto code = document.get_object().get(section); code != simdjson::SUCCESS) return code;
    return key == "packages.whl" ? count_wheels(section) : take_section(section, {});
}

/// CEP 48: a table for each ending of file names, which its keys leave out. Other endings are a future's.
simdjson::error_code RecordReader::Parser::take_v3(json::document& document) {
    json::object endings;
    if (document.get_object().get(endings) != simdjson::SUCCESS) return simdjson::SUCCESS;
    for (auto field : endings) {
        std::string_view ending;
        if (const auto code = field.unescaped_key().get(ending); code != simdjson::SUCCESS) return code;
        if (ending != "conda" && ending != "tar.bz2" && ending != "whl") continue;
        const std::string with_dot = "." + std::string(ending);
        json::object section;
        if (const auto code = field.value().get_object().get(section); code != simdjson::SUCCESS) return code;
        const auto code = ending == "whl" ? count_wheels(section) : take_section(section, with_dot);
        if (code != simdjson::SUCCESS) return code;
    }
    return simdjson::SUCCESS;
}

/// Wheels that a channel has as packages (a draft, ceps#145) are not installed from it: see the README.
simdjson::error_code RecordReader::Parser::count_wheels(json::object& section) {
    for (auto field : section) {
        if (field.error() != simdjson::SUCCESS) return field.error();
        ++repodata_.wheels_left_out;
    }
    return simdjson::SUCCESS;
}

simdjson::error_code RecordReader::Parser::take_section(json::object& section, std::string_view ending) {
    for (auto field : section) {
        std::string_view key;
        if (const auto code = field.unescaped_key().get(key); code != simdjson::SUCCESS) return code;
        const std::string file_name = std::string(key).append(ending);
        json::object object;
        if (const auto code = field.value().get_object().get(object); code != simdjson::SUCCESS) return code;
        if (const auto code = take_record(file_name, object); code != simdjson::SUCCESS) return code;
    }
    return simdjson::SUCCESS;
}

simdjson::error_code RecordReader::Parser::take_record(std::string_view file_name, json::object object) {
    record_ = CondaRecord{};
    stated_subdir_ = {};
    indexed_ms_ = 0;
    why_ = {};
    record_.file_name = repodata_.texts.intern(file_name);
    for (auto field : object) {
        std::string_view key;
        if (const auto code = field.unescaped_key().get(key); code != simdjson::SUCCESS) return code;
        json::value value;
        if (const auto code = field.value().get(value); code != simdjson::SUCCESS) return code;
        if (const auto code = take_field(key, value);
            code != simdjson::SUCCESS && code != simdjson::INCORRECT_TYPE)
            return code;
    }
    if (indexed_ms_ != 0) record_.timestamp_ms = indexed_ms_;  // CEP 47: the server's, where there is one
    judge();
    if (why_.empty()) {
        repodata_.records.push_back(record_);
        return simdjson::SUCCESS;
    }
    if (dropped_++ == 0) {
        first_dropped_ = repodata_.text(record_.file_name);
        why_dropped_ = why_;
    }
    return simdjson::SUCCESS;
}

void RecordReader::Parser::judge() {
    const std::string_view file = repodata_.text(record_.file_name);
    const bool known_end = file.ends_with(".conda") || file.ends_with(".tar.bz2");
    if (!is_plain(file) || !known_end) why_ = "its file name is not one of a package";
    if (!is_plain(repodata_.text(record_.name))) why_ = "its name is missing or not allowed";
    if (!only_name_.empty() && repodata_.text(record_.name) != only_name_)
        why_ = "its name is not the one that it was listed under";
    if (!is_plain(repodata_.text(record_.version))) why_ = "its version is missing or not allowed";
    if (!is_plain(repodata_.text(record_.build))) why_ = "its build is missing or not allowed";
    if (stated_subdir_.index != 0 && repodata_.text(stated_subdir_) != repodata_.subdir)
        why_ = "it states another subdir";
}

RecordReader::RecordReader(const RepodataOrigin& origin, std::string_view only_name)
    : parser_(std::make_unique<Parser>(origin, only_name)) {}
RecordReader::~RecordReader() = default;
Result<void> RecordReader::take(std::string_view key, std::string text) {
    return parser_->take(key, std::move(text));
}
Repodata RecordReader::finish(Log& log) {
    return parser_->finish(log);
}

}  // namespace aimlock
