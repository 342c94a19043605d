#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

namespace aimlock::cli {

enum class ColorChoice : std::uint8_t { automatic, always, never };

/// Looks up an environment variable: `std::getenv` in the program, a table in tests.
using VariableLookup = std::function<std::optional<std::string>(const char* name)>;
VariableLookup process_variables();

/// What one output stream can show.
struct Terminal {
    bool is_tty = false;
    bool color = false;
    bool utf8 = false;
    unsigned width = 80;  ///< 80 where it is not known; 40 at least
};

/// `--color` before NO_COLOR before FORCE_COLOR and CLICOLOR_FORCE before TERM=dumb before what the stream
/// is.
bool decide_color(ColorChoice choice, bool is_tty, const VariableLookup& variables);

/// Reads what file descriptor `fd` is.
Terminal inspect_terminal(int fd, ColorChoice choice, const VariableLookup& variables);

/// Puts colour around text, or nothing where the stream shows none. Colour never carries meaning: words do.
class Painter {
public:
    explicit Painter(bool color = false) : color_(color) {}
    [[nodiscard]] std::string bold(std::string_view text) const { return paint("1", text); }
    [[nodiscard]] std::string dim(std::string_view text) const { return paint("2", text); }
    [[nodiscard]] std::string error(std::string_view text) const { return paint("1;31", text); }
    [[nodiscard]] std::string warning(std::string_view text) const { return paint("1;33", text); }
    [[nodiscard]] std::string good(std::string_view text) const { return paint("1;32", text); }
    [[nodiscard]] std::string help(std::string_view text) const { return paint("1;36", text); }

private:
    [[nodiscard]] std::string paint(std::string_view code, std::string_view text) const;
    bool color_;
};

}  // namespace aimlock::cli
