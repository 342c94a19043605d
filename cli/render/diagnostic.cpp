#include "cli/render/diagnostic.hpp"

#include <algorithm>
#include <cctype>
#include <fstream>

#include <fmt/core.h>

#include "cli/render/text.hpp"

namespace aimlock::cli {
namespace {

/// Others' words in one of our sentences: no control character, no secret.
std::string clean(std::string_view text) {
    return escaped(redacted(text), true);
}

/// A source line as it is shown: a tab is one blank, so that the caret needs no tab stops.
std::string shown(std::string_view source) {
    std::string text(source);
    std::ranges::replace(text, '\t', ' ');
    return escaped(redacted(text));
}

/// How many carets stand under a word that begins at `column`: the whole word, or one.
std::size_t caret_count(std::string_view source, std::size_t column) {
    std::size_t count = 0;
    while (column - 1 + count < source.size()) {
        const auto c = static_cast<unsigned char>(source[column - 1 + count]);
        if (std::isalnum(c) == 0 && c != '_' && c != '-' && c != '.') break;
        ++count;
    }
    return std::max<std::size_t>(count, 1);
}

/// A hint that only names a word stands behind the caret; one that tells what to do is a line of its own.
bool fits_behind_caret(std::string_view hint) {
    return hint.starts_with("nearest known") || hint.starts_with("did you mean");
}

std::string caret_lines(const Error& error, std::string source, const Painter& paint, std::size_t columns) {
    std::size_t column = std::clamp<std::size_t>(error.pos.column, 1, source.size() + 1);
    const std::size_t carets = caret_count(source, column);
    const std::string number = std::to_string(error.pos.line);
    const std::size_t room = std::max<std::size_t>(columns, 40) - number.size() - 6;  // " | ", "..", one free
    // A line with a secret is not cut: half a URL would no longer be known as one.
    const bool may_cut = redacted(source) == source;
    std::string lead;
    if (may_cut && column + carets > room) {  // show the end of a long line, where the fault is
        const std::size_t cut = column - std::min(column, room / 2);
        source.erase(0, cut);
        column -= cut;
        lead = "..";
    }
    if (may_cut) source.resize(std::min(source.size(), room));
    const std::string before = lead + shown(source.substr(0, column - 1));
    const std::string line = lead + shown(source);
    std::string out = fmt::format("{} {}\n", paint.dim(number + " |"), line);
    out += fmt::format("{} {}{}", paint.dim(std::string(number.size(), ' ') + " |"),
                       std::string(display_width(before), ' '), paint.error(std::string(carets, '^')));
    if (fits_behind_caret(error.hint)) out += " " + clean(error.hint);
    return out + "\n";
}

/// The message: its first line behind `error:`, each further line as `= why`.
std::string message_lines(const Error& error, const Painter& paint) {
    std::string text = clean(error.message);
    std::string out = paint.error("error:") + " ";
    const std::size_t end = std::min(text.find('\n'), text.size());
    out += paint.bold(text.substr(0, end)) + "\n";
    return out;
}

std::string why_lines(const Error& error) {
    std::string out;
    std::string text = clean(error.message);
    std::size_t at = text.find('\n');
    while (at != std::string::npos) {
        const std::size_t next = text.find('\n', at + 1);
        const std::string line = text.substr(at + 1, next == std::string::npos ? next : next - at - 1);
        if (!line.empty()) out += "  = " + line + "\n";
        at = next;
    }
    return out;
}

}  // namespace

SourceLine source_lines_of_files() {
    return [](const std::string& file, std::uint32_t line) -> std::optional<std::string> {
        std::ifstream in(file, std::ios::binary);
        std::string text;
        for (std::uint32_t n = 0; n < line; ++n) {
            if (!std::getline(in, text)) return std::nullopt;
        }
        if (text.ends_with('\r')) text.pop_back();
        return text;
    };
}

std::string render_error(const Error& error,
                         const Painter& paint,
                         const SourceLine& source,
                         std::size_t columns) {
    std::string out = message_lines(error, paint);
    bool hint_is_shown = error.hint.empty();
    if (!error.pos.file.empty()) {
        out += fmt::format("  {} {}", paint.dim("-->"), clean(error.pos.file));
        if (error.pos.line > 0) {
            out += fmt::format(":{}:{}\n", error.pos.line, error.pos.column);
            if (const auto line = source(error.pos.file, error.pos.line)) {
                out += caret_lines(error, *line, paint, columns);
                hint_is_shown = hint_is_shown || fits_behind_caret(error.hint);
            }
        } else {
            out += "\n";
        }
    }
    out += why_lines(error);
    if (!hint_is_shown) out += paint.help("help:") + " " + clean(error.hint) + "\n";
    return out;
}

std::string render_errors(std::span<const Error> errors,
                          const Painter& paint,
                          const SourceLine& source,
                          std::size_t columns) {
    std::string out;
    for (const Error& error : errors) out += render_error(error, paint, source, columns);
    if (errors.size() > 1) out += counted(errors.size(), "error") + "\n";
    return out;
}

}  // namespace aimlock::cli
