#include "lock/manifest/target_rules.hpp"

#include <array>
#include <string_view>
#include <utility>

namespace aimlock {
namespace {

using Number = std::pair<unsigned, unsigned>;

Number read_number(std::string_view text) {
    Number number{0, 0};
    unsigned* part = &number.first;
    for (const char c : text) {
        if (c == '.') {
            part = &number.second;
        } else if (c >= '0' && c <= '9') {
            *part = *part * 10 + static_cast<unsigned>(c - '0');
        }
    }
    return number;
}

struct ArchitectureNeeds {
    std::string_view architecture;
    std::string_view driver;
};
/// The first CUDA that knows an architecture; those that every driver in use knows are left out.
constexpr std::array first_drivers{ArchitectureNeeds{"8.9", "11.8"},  ArchitectureNeeds{"9.0", "11.8"},
                                   ArchitectureNeeds{"10.0", "12.8"}, ArchitectureNeeds{"10.3", "12.9"},
                                   ArchitectureNeeds{"12.0", "12.8"}, ArchitectureNeeds{"12.1", "12.9"}};
constexpr Number first_of_cuda_13{7, 5};
constexpr Number last_driver_before{13, 0};  ///< the last that still runs what is older than 7.5

}  // namespace

bool is_dotted_number(std::string_view text, std::size_t least_parts, std::size_t most_parts) {
    std::size_t parts = 1;
    bool digit_before = false;
    for (const char c : text) {
        if (c == '.' && digit_before) {
            ++parts;
            digit_before = false;
        } else if (c >= '0' && c <= '9') {
            digit_before = true;
        } else {
            return false;
        }
    }
    return digit_before && text.size() <= 20 && parts >= least_parts && parts <= most_parts;
}

std::optional<std::string> target_contradiction(const Target& target) {
    if (target.cuda_arch.empty()) return std::nullopt;
    if (!target.cuda) return "cuda-arch names GPUs, but the target has no driver: `cuda` is not set";
    const Number driver = read_number(*target.cuda);
    for (const std::string& architecture : target.cuda_arch) {
        const std::string gpu = "a GPU of architecture " + architecture;
        for (const ArchitectureNeeds& needs : first_drivers) {
            // A compatibility package brings a newer driver library than the host's.
            if (architecture != needs.architecture || driver >= read_number(needs.driver) ||
                target.cuda_compat)
                continue;
            return gpu + " needs a driver of CUDA " + std::string(needs.driver) +
                   " or newer, the target has " + *target.cuda;
        }
        if (read_number(architecture) < first_of_cuda_13 && driver > last_driver_before) {
            return gpu + " needs a driver of CUDA 13.0 or older, the target has " + *target.cuda;
        }
    }
    return std::nullopt;
}

}  // namespace aimlock
