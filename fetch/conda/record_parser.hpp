#pragma once

#include <algorithm>
#include <string>
#include <string_view>
#include <unordered_set>

#include <simdjson.h>

#include "fetch/conda/record_reader.hpp"

namespace aimlock {

/// What RecordReader does. Only its own files include this, for the sake of simdjson.
class RecordReader::Parser {
public:
    Parser(const RepodataOrigin& origin, std::string_view only_name);
    Result<void> take(std::string_view key, std::string text);
    Repodata finish(Log& log);

private:
    using Code = simdjson::error_code;
    using Value = simdjson::ondemand::value;
    using Object = simdjson::ondemand::object;
    using Document = simdjson::ondemand::document;

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

    // The document, and which of it are records (record_reader.cpp).
    Code take_value(std::string_view key, Document& document);
    Code take_info(Document& document);
    void take_relations(simdjson::simdjson_result<Value> value);
    Code take_removed(Document& document);
    Code take_records(std::string_view key, Document& document);
    Code take_v3(Document& document);
    Code take_section(Object& section, std::string_view ending);
    Code count_wheels(Object& section);
    Code take_record(std::string_view file_name, Object object);
    void judge();

    // The fields of a record (record_fields.cpp).
    TextList list_from(std::uint32_t begin);
    Code take_field(std::string_view key, Value& value);
    Code text(Value& value, TextId& into);
    static Code number(Value& value, std::uint64_t& into);
    static Code timestamp(Value& value, std::uint64_t& into);
    Code list(Value& value, TextList& into);
    Code extra_depends(Value& value);
    Code flags(Value& value);
    Code digest(Value& value);
    Code weak_digest(Value& value);
    Code features(Value& value);
    Code noarch(Value& value);
    Code run_exports(Value& value);

    std::string document_;
    std::string only_name_;
    simdjson::ondemand::parser parser_;
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

}  // namespace aimlock
