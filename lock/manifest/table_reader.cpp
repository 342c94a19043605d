#include "lock/manifest/table_reader.hpp"

#include <algorithm>
#include <tuple>

#include "solver/spec/package_name.hpp"

namespace aimlock {
namespace {

constexpr std::size_t max_errors = 10;

bool has_control_character(std::string_view text) {
    return std::ranges::any_of(text, [](char c) { return (c >= 0 && c < 0x20) || c == 0x7f; });
}

std::string_view type_word(const TomlNode& node) {
    switch (node.kind) {
        case TomlNode::Kind::text:
            return "a text";
        case TomlNode::Kind::integer:
            return "a number";
        case TomlNode::Kind::flag:
            return "true or false";
        case TomlNode::Kind::real:
            return "a number";
        case TomlNode::Kind::time:
            return "a time";
        case TomlNode::Kind::array:
            return "a list";
        case TomlNode::Kind::table:
            return "a table";
    }
    return "a value";
}

/// False and an error where a text must not stand in a manifest.
bool is_fit_text(const TomlNode& node, ManifestErrors& errors) {
    if (!has_control_character(node.text)) return true;
    errors.add("text holds a line break or another control character", node.pos);
    return false;
}

}  // namespace

void ManifestErrors::add(std::string message, SourcePos pos, std::string hint, ErrorCode code) {
    add(Error{code, std::move(message), std::move(pos), std::move(hint)});
}

void ManifestErrors::add(Error error) {
    // Requirements that several targets share are read once a target.
    const bool known = std::ranges::any_of(errors_, [&error](const Error& other) {
        return other.pos == error.pos && other.message == error.message;
    });
    if (!known) errors_.push_back(std::move(error));
}

std::vector<Error> ManifestErrors::taken() && {
    std::ranges::stable_sort(errors_, {}, [](const Error& e) { return std::tie(e.pos.line, e.pos.column); });
    if (errors_.size() > max_errors) errors_.resize(max_errors);
    return std::move(errors_);
}

std::string nearest_known(std::string_view word, const std::vector<std::string>& known) {
    if (known.empty()) return {};
    const auto nearest =
        std::ranges::min_element(known, {}, [word](const std::string& k) { return edit_distance(word, k); });
    return "nearest known: `" + *nearest + "`";
}

TableReader::TableReader(const TomlNode& table, std::string name, ManifestErrors& errors)
    : table_(table), name_(std::move(name)), errors_(errors) {}

const TomlNode* TableReader::node(std::string_view key) {
    known_.emplace_back(key);
    const auto found = std::ranges::find(table_.entries, key, &TomlEntry::key);
    return found == table_.entries.end() ? nullptr : &found->value;
}

void TableReader::wrong_type(std::string_view key, const TomlNode& value, std::string_view expected) {
    std::string hint;
    if (expected == "a text" &&
        (value.kind == TomlNode::Kind::real || value.kind == TomlNode::Kind::integer)) {
        const std::string number =
            value.kind == TomlNode::Kind::real ? value.text : std::to_string(value.integer);
        hint = "write `" + std::string(key) + " = \"" + number + "\"`";
    }
    errors_.add("`" + std::string(key) + "` is " + std::string(type_word(value)) + ", expected " +
                    std::string(expected),
                value.pos, std::move(hint));
}

const TomlNode* TableReader::text_node(std::string_view key) {
    const TomlNode* value = node(key);
    if (value == nullptr) return nullptr;
    if (value->kind == TomlNode::Kind::text) return is_fit_text(*value, errors_) ? value : nullptr;
    wrong_type(key, *value, "a text");
    return nullptr;
}

std::optional<std::string> TableReader::text(std::string_view key) {
    const TomlNode* value = text_node(key);
    return value == nullptr ? std::nullopt : std::optional(value->text);
}

std::optional<bool> TableReader::flag(std::string_view key) {
    const TomlNode* value = node(key);
    if (value == nullptr) return std::nullopt;
    if (value->kind == TomlNode::Kind::flag) return value->flag;
    wrong_type(key, *value, "true or false");
    return std::nullopt;
}

std::optional<std::int64_t> TableReader::number(std::string_view key, std::int64_t least, std::int64_t most) {
    const TomlNode* value = node(key);
    if (value == nullptr) return std::nullopt;
    if (value->kind == TomlNode::Kind::integer && value->integer >= least && value->integer <= most)
        return value->integer;
    wrong_type(key, *value, "a number from " + std::to_string(least) + " to " + std::to_string(most));
    return std::nullopt;
}

std::vector<std::string> TableReader::texts(std::string_view key) {
    std::vector<std::string> out;
    const TomlNode* value = node(key);
    if (value == nullptr) return out;
    if (value->kind != TomlNode::Kind::array) {
        wrong_type(key, *value, "a list of texts");
        return out;
    }
    for (const TomlNode* item : text_items(*value, errors_)) out.push_back(item->text);
    return out;
}

const TomlNode* TableReader::table(std::string_view key) {
    const TomlNode* value = node(key);
    if (value == nullptr || value->kind == TomlNode::Kind::table) return value;
    wrong_type(key, *value, "a table");
    return nullptr;
}

void TableReader::finish() {
    for (const TomlEntry& entry : table_.entries) {
        if (std::ranges::find(known_, entry.key) != known_.end()) continue;
        const bool top_table = name_.empty() && entry.value.kind == TomlNode::Kind::table;
        errors_.add((top_table ? "unknown table `" : "unknown key `") + entry.key + "`" +
                        (name_.empty() ? "" : " in " + name_),
                    entry.pos, nearest_known(entry.key, known_));
    }
}

std::vector<const TomlNode*> text_items(const TomlNode& array, ManifestErrors& errors) {
    std::vector<const TomlNode*> out;
    for (const TomlNode& item : array.items) {
        if (item.kind != TomlNode::Kind::text) {
            errors.add("expected a text, found " + std::string(type_word(item)), item.pos);
        } else if (is_fit_text(item, errors)) {
            out.push_back(&item);
        }
    }
    return out;
}

}  // namespace aimlock
