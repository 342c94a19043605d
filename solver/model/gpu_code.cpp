#include "solver/model/gpu_code.hpp"

namespace aimlock {

std::string GpuArchitecture::text() const {
    std::string made = (kind == Kind::cubin ? "sm_" : "compute_") + std::to_string(number);
    if (variant != '\0') made += variant;
    return made;
}

std::string text_of(const std::vector<GpuArchitecture>& architectures) {
    std::string text;
    for (const GpuArchitecture& architecture : architectures) {
        const std::string one = architecture.text();
        if (text == one || text.ends_with(" " + one)) continue;  // PTX of two versions
        text += (text.empty() ? "" : " ") + one;
    }
    return text;
}

}  // namespace aimlock
