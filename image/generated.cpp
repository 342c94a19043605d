#include "image/generated.hpp"

#include <fstream>
#include <string>
#include <system_error>

#include <fmt/format.h>

namespace aimlock {

namespace fs = std::filesystem;

Result<void> check_replaceable(const fs::path& file) {
    std::error_code error;
    if (!fs::exists(fs::symlink_status(file, error))) return {};
    std::string head(1024, '\0');
    std::ifstream in(file, std::ios::binary);
    in.read(head.data(), static_cast<std::streamsize>(head.size()));
    head.resize(static_cast<std::size_t>(in.gcount()));
    if (head.find(generated_marker) != std::string::npos) return {};
    return fail(ErrorCode::refused, fmt::format("`{}` exists and was not written by aimlock", file.string()),
                "move it away, or give --force to replace it");
}

}  // namespace aimlock
