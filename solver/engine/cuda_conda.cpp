#include "solver/engine/cuda_conda.hpp"

#include <algorithm>
#include <array>
#include <charconv>

namespace aimlock::engine {
namespace {

// Packages whose version is the toolkit's.
constexpr std::array<std::string_view, 8> versioned_as_toolkit{"cuda-version", "cudatoolkit",  "cuda-cudart",
                                                               "pytorch-cuda", "cuda-toolkit", "cuda-runtime",
                                                               "cuda-nvrtc",   "cuda-cupti"};

std::optional<unsigned> leading_number(std::string_view text) {
    unsigned value = 0;
    const auto parsed = std::from_chars(text.data(), text.data() + text.size(), value);
    return parsed.ec == std::errc{} ? std::optional(value) : std::nullopt;
}

// "12.4" and "12" -> 12, "129" -> 12, "92" -> 9: CUDA 9.2 was written so when majors had one digit.
std::optional<unsigned> major_of_build(std::string_view number) {
    const std::string_view digits = number.substr(0, number.find_first_not_of("0123456789"));
    const auto value = leading_number(digits);
    if (!value) return std::nullopt;
    if (number.substr(digits.size()).starts_with('.')) return value;
    if (digits.size() >= 4) return std::nullopt;
    if (digits.size() == 3) return *value / 10;
    return digits.size() == 2 && *value >= 50 ? *value / 10 : *value;
}

}  // namespace

std::optional<unsigned> cuda_major_of_record(std::string_view name,
                                             std::string_view version,
                                             std::string_view build) {
    if (std::ranges::find(versioned_as_toolkit, name) != versioned_as_toolkit.end())
        return leading_number(version);
    if (name.ends_with("-cpu")) return std::nullopt;  // faiss-cpu 1.2.1 is a build `py27_cuda0.0_1`
    for (const std::string_view mark : {std::string_view("cuda"), std::string_view("cu")}) {
        for (std::size_t at = build.find(mark); at != std::string_view::npos; at = build.find(mark, at + 1)) {
            const bool begins =
                at == 0 || build[at - 1] == '_' || build[at - 1] == '-' || build[at - 1] == '.';
            std::string_view rest = build.substr(at + mark.size());
            if (rest.starts_with('_') && mark == "cuda") rest.remove_prefix(1);
            const auto major = begins ? major_of_build(rest) : std::nullopt;
            if (major && *major > 0) return major;
        }
    }
    return std::nullopt;
}

}  // namespace aimlock::engine
