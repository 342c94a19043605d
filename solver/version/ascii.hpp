#pragma once

#include <string>
#include <string_view>

namespace aimlock {

// The grammars of this folder and of solver/spec are ASCII; the C functions would ask the locale.

constexpr bool is_digit(char c) {
    return c >= '0' && c <= '9';
}
constexpr bool is_upper(char c) {
    return c >= 'A' && c <= 'Z';
}
constexpr bool is_lower(char c) {
    return c >= 'a' && c <= 'z';
}
constexpr bool is_alpha(char c) {
    return is_lower(c) || is_upper(c);
}
constexpr bool is_alnum(char c) {
    return is_alpha(c) || is_digit(c);
}
/// Blank, tab, line ends, form feed and vertical tab.
constexpr bool is_space(char c) {
    return c == ' ' || (c >= '\t' && c <= '\r');
}
constexpr char to_lower(char c) {
    return is_upper(c) ? static_cast<char>(c - 'A' + 'a') : c;
}

constexpr std::string_view strip(std::string_view text) {
    while (!text.empty() && is_space(text.front())) text.remove_prefix(1);
    while (!text.empty() && is_space(text.back())) text.remove_suffix(1);
    return text;
}

inline std::string to_lower(std::string_view text) {
    std::string lower(text);
    for (char& c : lower) c = to_lower(c);
    return lower;
}

/// True when `text` begins with `lower`, letters in either case.
constexpr bool starts_with_nocase(std::string_view text, std::string_view lower) {
    if (text.size() < lower.size()) return false;
    for (std::size_t i = 0; i < lower.size(); ++i) {
        if (to_lower(text[i]) != lower[i]) return false;
    }
    return true;
}
constexpr bool equals_nocase(std::string_view text, std::string_view lower) {
    return text.size() == lower.size() && starts_with_nocase(text, lower);
}

/// Digits without leading zeros; empty stands for 0.
constexpr std::string_view without_leading_zeros(std::string_view digits) {
    while (!digits.empty() && digits.front() == '0') digits.remove_prefix(1);
    return digits;
}

}  // namespace aimlock
