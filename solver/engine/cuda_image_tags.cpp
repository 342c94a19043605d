#include "solver/engine/cuda_image_tags.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <optional>
#include <utility>

namespace aimlock {
namespace {

struct Release {
    unsigned major;
    unsigned minor;
    unsigned newest_patch;
    bool ended;
};
/// As of 2026-11. A release that is missing here is unknown, not refused.
constexpr std::array<Release, 21> releases{
    {{11, 0, 3, true},  {11, 1, 1, true},  {11, 2, 2, true},  {11, 3, 1, true},  {11, 4, 3, true},
     {11, 5, 2, true},  {11, 6, 2, true},  {11, 7, 1, true},  {11, 8, 0, true},  {12, 0, 1, true},
     {12, 1, 1, true},  {12, 2, 2, false}, {12, 3, 2, true},  {12, 4, 1, false}, {12, 5, 1, false},
     {12, 6, 3, false}, {12, 8, 1, false}, {12, 9, 1, false}, {13, 0, 3, false}, {13, 1, 2, false},
     {13, 2, 1, false}}};
/// Patches that people found to be gone, besides all of CUDA 10 and older.
constexpr std::array<std::string_view, 12> gone{"11.2.0", "11.2.1", "11.3.0", "11.4.0", "11.4.1", "11.4.2",
                                                "11.5.0", "11.5.1", "11.6.0", "11.6.1", "11.7.0", "12.2.0"};

std::optional<unsigned> take_number(std::string_view& text) {
    unsigned number = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
    if (error != std::errc{}) return std::nullopt;
    text.remove_prefix(static_cast<std::size_t>(end - text.data()));
    if (text.starts_with('.')) text.remove_prefix(1);
    return number;
}

}  // namespace

CudaImageTag cuda_image_tag(std::string_view version) {
    using State = CudaImageTag::State;
    std::string_view rest = version;
    const auto major = take_number(rest);
    const auto minor = take_number(rest);
    const auto patch = take_number(rest);
    if (!major || !minor) return {};
    if (*major <= 10) return {State::deleted, {}};
    const auto release = std::ranges::find_if(
        releases, [&](const Release& r) { return r.major == *major && r.minor == *minor; });
    if (release == releases.end()) return {};
    CudaImageTag tag{State::current, std::to_string(release->major) + "." + std::to_string(release->minor) +
                                         "." + std::to_string(release->newest_patch)};
    if (patch && *patch > release->newest_patch) return {State::unknown, std::move(tag.newest)};
    if (patch && *patch < release->newest_patch) tag.state = State::superseded;
    if (release->ended) tag.state = State::ended;
    if (std::ranges::find(gone, version) != gone.end()) tag.state = State::deleted;
    return tag;
}

}  // namespace aimlock
