#include "fetch/conda/record_reader.hpp"

#include <algorithm>
#include <unordered_set>
#include <utility>

#include <fmt/format.h>
#include <simdjson.h>

#include "fetch/compression.hpp"
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

bool has_control_characters(std::string_view text) {
    return std::ranges::any_of(text, [](unsigned char c) { return c < 0x20 || c == 0x7f; });
}

}  // namespace

class RecordReader::Parser {
public:
    Parser(const RepodataOrigin& origin, std::string_view only_name)
        : document_(origin.document), only_name_(only_name) {
        repodata_.channel = origin.channel;
        repodata_.subdir = origin.subdir;
        repodata_.base_url = origin.subdir_url;
    }

    Result<void> take(std::string_view key, std::string text) {
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

    Repodata finish(Log& log) {
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

private:
    // Equal lists lie once: who reads the records looks at each list once, not at each record's.
    struct HashOfList {
        const Repodata* repodata;
        std::size_t operator()(TextList list) const {
            std::uint64_t hash = list.size;
            for (const TextId id : repodata->list(list)) hash = (hash ^ id.index) * 0x9e3779b97f4a7c15ULL;
            return static_cast<std::size_t>(hash ^ (hash >> 32U));
        }
    };
    struct SameList {
        const Repodata* repodata;
        bool operator()(TextList a, TextList b) const {
            return std::ranges::equal(repodata->list(a), repodata->list(b));
        }
    };

    // The list that was pushed since `begin`.
    TextList list_from(std::uint32_t begin) {
        const TextList pushed{begin, static_cast<std::uint32_t>(repodata_.lists.size()) - begin};
        if (pushed.size == 0) return {};
        const TextList kept = *known_lists_.insert(pushed).first;
        if (kept.begin != begin) repodata_.lists.own().resize(begin);
        return kept;
    }

    simdjson::error_code take_value(std::string_view key, json::document& document) {
        if (key.starts_with("packages")) return take_records(document);
        if (key == "v3") return take_v3(document);
        if (key == "info") return take_info(document);
        if (key == "removed") return take_removed(document);
        return simdjson::SUCCESS;
    }

    simdjson::error_code take_info(json::document& document) {
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
        if (!is_url(url) || (is_file_url(url) && !is_file_url(repodata_.base_url)))
            bad_base_url_ = shown_url(url);
        repodata_.base_url = std::move(url);
        return simdjson::SUCCESS;
    }

    /// CEP 42; what is no text there says nothing.
    void take_relations(simdjson::simdjson_result<json::value> value) {
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

    simdjson::error_code take_removed(json::document& document) {
        json::array names;
        if (document.get_array().get(names) != simdjson::SUCCESS) return simdjson::SUCCESS;
        for (auto entry : names) {
            std::string_view name;
            if (entry.get_string().get(name) == simdjson::SUCCESS) removed_.emplace(name);
        }
        return simdjson::SUCCESS;
    }

    simdjson::error_code take_records(json::document& document) {
        json::object section;
        if (const auto code = document.get_object().get(section); code != simdjson::SUCCESS) return code;
        return take_section(section, {});
    }

    /// CEP 48: a table for each ending of file names, which its keys leave out. Other endings are a future's.
    simdjson::error_code take_v3(json::document& document) {
        json::object endings;
        if (document.get_object().get(endings) != simdjson::SUCCESS) return simdjson::SUCCESS;
        for (auto field : endings) {
            std::string_view ending;
            if (const auto code = field.unescaped_key().get(ending); code != simdjson::SUCCESS) return code;
            if (ending != "conda" && ending != "tar.bz2" && ending != "whl") continue;
            const std::string with_dot = "." + std::string(ending);
            json::object section;
            if (const auto code = field.value().get_object().get(section); code != simdjson::SUCCESS)
                return code;
            if (const auto code = take_section(section, with_dot); code != simdjson::SUCCESS) return code;
        }
        return simdjson::SUCCESS;
    }

    simdjson::error_code take_section(json::object& section, std::string_view ending) {
        for (auto field : section) {
            std::string_view key;
            if (const auto code = field.unescaped_key().get(key); code != simdjson::SUCCESS) return code;
            const std::string file_name = std::string(key).append(ending);
            json::object object;
            if (const auto code = field.value().get_object().get(object); code != simdjson::SUCCESS)
                return code;
            if (const auto code = take_record(file_name, object); code != simdjson::SUCCESS) return code;
        }
        return simdjson::SUCCESS;
    }

    simdjson::error_code take_record(std::string_view file_name, json::object object) {
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

    void judge() {
        const std::string_view file = repodata_.text(record_.file_name);
        const bool known_end =
            file.ends_with(".conda") || file.ends_with(".tar.bz2") || file.ends_with(".whl");
        if (!is_plain(file) || !known_end) why_ = "its file name is not one of a package";
        if (!is_plain(repodata_.text(record_.name))) why_ = "its name is missing or not allowed";
        if (!only_name_.empty() && repodata_.text(record_.name) != only_name_)
            why_ = "its name is not the one that it was listed under";
        if (!is_plain(repodata_.text(record_.version))) why_ = "its version is missing or not allowed";
        if (!is_plain(repodata_.text(record_.build))) why_ = "its build is missing or not allowed";
        if (stated_subdir_.index != 0 && repodata_.text(stated_subdir_) != repodata_.subdir)
            why_ = "it states another subdir";
    }

    simdjson::error_code take_field(std::string_view key, json::value& value) {
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
            {"md5", [](Parser& p, json::value& v) { return p.text(v, p.record_.md5); }},
            {"size", [](Parser& p, json::value& v) { return number(v, p.record_.size_bytes); }},
            {"license", [](Parser& p, json::value& v) { return p.text(v, p.record_.license); }},
            {"subdir", [](Parser& p, json::value& v) { return p.text(v, p.stated_subdir_); }},
            {"timestamp", [](Parser& p, json::value& v) { return timestamp(v, p.record_.timestamp_ms); }},
            {"indexed_timestamp", [](Parser& p, json::value& v) { return timestamp(v, p.indexed_ms_); }},
            {"track_features", [](Parser& p, json::value& v) { return p.features(v); }},
            {"flags", [](Parser& p, json::value& v) { return p.flags(v); }},
            {"extra_depends", [](Parser& p, json::value& v) { return p.extra_depends(v); }},
            {"noarch", [](Parser& p, json::value& v) { return p.noarch(v); }},
            {"python_site_packages_path",
             [](Parser& p, json::value& v) { return p.text(v, p.record_.python_site_packages_path); }},
        };
        for (const auto& [name, take] : fields) {
            if (name == key) return take(*this, value);
        }
        return simdjson::SUCCESS;
    }

    simdjson::error_code text(json::value& value, TextId& into) {
        std::string_view found;
        if (const auto code = value.get_string().get(found); code != simdjson::SUCCESS) return code;
        if (has_control_characters(found)) why_ = "a field holds control characters";
        into = repodata_.texts.intern(found);
        return simdjson::SUCCESS;
    }

    static simdjson::error_code number(json::value& value, std::uint64_t& into) {
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
    static simdjson::error_code timestamp(json::value& value, std::uint64_t& into) {
        const auto code = number(value, into);
        if (into < 100'000'000'000U) into *= 1000;
        return code;
    }

    simdjson::error_code list(json::value& value, TextList& into) {
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
    simdjson::error_code extra_depends(json::value& value) {
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
    simdjson::error_code flags(json::value& value) {
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

    simdjson::error_code digest(json::value& value) {
        std::string_view hex;
        if (const auto code = value.get_string().get(hex); code != simdjson::SUCCESS) return code;
        if (const auto parsed = Sha256::from_hex(hex)) {
            record_.sha256 = *parsed;
        } else if (!hex.empty()) {
            why_ = "its sha256 is not 64 hexadecimal digits";
        }
        return simdjson::SUCCESS;
    }

    /// A string of names with blanks or commas between them, or a list.
    simdjson::error_code features(json::value& value) {
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
    simdjson::error_code noarch(json::value& value) {
        std::string_view word;
        bool flag = false;
        if (value.get_string().get(word) == simdjson::SUCCESS) {
            record_.noarch = word == "python" ? Noarch::python : Noarch::generic;
        } else if (value.get_bool().get(flag) == simdjson::SUCCESS && flag) {
            record_.noarch = Noarch::generic;
        }
        return simdjson::SUCCESS;
    }

    std::string document_;
    std::string only_name_;
    json::parser parser_;
    Repodata repodata_;
    std::unordered_set<TextList, HashOfList, SameList> known_lists_{0, HashOfList{&repodata_},
                                                                    SameList{&repodata_}};
    CondaRecord record_;
    TextId stated_subdir_;
    std::uint64_t indexed_ms_ = 0;
    std::string_view why_;  // not empty: the record at hand is dropped
    std::unordered_set<std::string> removed_;
    std::string bad_base_url_;
    std::uint64_t dropped_ = 0;
    std::string first_dropped_;
    std::string_view why_dropped_;
};

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
