#pragma once

#include <cstdint>
#include <initializer_list>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "lock/manifest/toml_reader.hpp"
#include "solver/base/result.hpp"

namespace aimlock {

/// The errors of one manifest, the first ten.
class ManifestErrors {
public:
    void add(std::string message, SourcePos pos, std::string hint = {}, ErrorCode code = ErrorCode::manifest);
    void add(Error error);
    [[nodiscard]] bool empty() const { return errors_.empty(); }
    /// In the order of the document.
    [[nodiscard]] std::vector<Error> taken() &&;

private:
    std::vector<Error> errors_;
};

/// "nearest known: `channels`": the word of `known` that is nearest to `word`.
std::string nearest_known(std::string_view word, const std::vector<std::string>& known);

/// Takes the keys of one table. A key of the wrong type is an error and gives nothing; one that nobody took
/// is an error that names the nearest key that somebody did. `finish` ends the reading; without it nothing is
/// said of unknown keys.
class TableReader {
public:
    /// `name` is the table as messages show it, "[workspace]"; empty: the document.
    TableReader(const TomlNode& table, std::string name, ManifestErrors& errors);

    /// The value of `key`, whatever its type; nullptr: not there.
    const TomlNode* node(std::string_view key);
    /// Values of one type. A text is refused where it holds a control character.
    const TomlNode* text_node(std::string_view key);
    std::optional<std::string> text(std::string_view key);
    std::optional<bool> flag(std::string_view key);
    std::optional<std::int64_t> number(std::string_view key, std::int64_t least, std::int64_t most);
    std::vector<std::string> texts(std::string_view key);
    /// A table, nullptr: not there.
    const TomlNode* table(std::string_view key);

    /// One of some words, as the value that stands beside it.
    template <class T>
    std::optional<T> choice(std::string_view key,
                            std::initializer_list<std::pair<std::string_view, T>> words) {
        const TomlNode* value = text_node(key);
        if (value == nullptr) return std::nullopt;
        std::vector<std::string> known;
        for (const auto& [word, meaning] : words) {
            if (word == value->text) return meaning;
            known.emplace_back(word);
        }
        errors_.add("unknown " + std::string(key) + " `" + value->text + "`", value->pos,
                    nearest_known(value->text, known));
        return std::nullopt;
    }

    void finish();

private:
    void wrong_type(std::string_view key, const TomlNode& value, std::string_view expected);

    const TomlNode& table_;
    std::string name_;
    ManifestErrors& errors_;
    std::vector<std::string> known_;
};

/// `items` of an array of texts; anything else in it is an error.
std::vector<const TomlNode*> text_items(const TomlNode& array, ManifestErrors& errors);

}  // namespace aimlock
