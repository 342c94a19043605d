#include "solver/engine/cuda_extra.hpp"

#include <algorithm>
#include <array>

#include "solver/engine/cuda_major.hpp"

namespace aimlock::engine {

std::optional<unsigned> cuda_major_of_extra(std::string_view normalized_extra) {
    for (const std::string_view mark : {std::string_view("cuda"), std::string_view("cu")}) {
        const std::size_t at = normalized_extra.rfind(mark);
        if (at == std::string_view::npos || (at > 0 && normalized_extra[at - 1] != '-')) continue;
        const std::string_view rest = normalized_extra.substr(at + mark.size());
        const std::string_view digits = rest.substr(0, rest.find_first_not_of("0123456789"));
        const std::string_view after = rest.substr(digits.size());
        if (digits.size() < 2 || !(after.empty() || after == "x" || after.starts_with('-'))) continue;
        return cuda_major_of_digits(digits);
    }
    return std::nullopt;
}

bool asks_for_cuda(std::string_view normalized_extra) {
    constexpr std::array<std::string_view, 5> words{"cuda", "and-cuda", "with-cuda", "gpu", "ctk"};
    return cuda_major_of_extra(normalized_extra).has_value() ||
           std::ranges::find(words, normalized_extra) != words.end();
}

bool keeps_cuda_promise(std::string_view normalized_extra, std::span<const Requirement> added) {
    const auto promised = cuda_major_of_extra(normalized_extra);
    if (!promised) return true;
    return std::ranges::any_of(
        added, [&](const Requirement& requirement) { return cuda_major_asked_by(requirement) == promised; });
}

}  // namespace aimlock::engine
