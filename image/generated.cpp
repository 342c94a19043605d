#include "image/generated.hpp"

#include <cerrno>
#include <cstring>
#include <fstream>
#include <string>
#include <system_error>

#include <fmt/format.h>
#include <unistd.h>

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

Result<void> write_generated(const fs::path& file, std::string_view text) {
    std::error_code error;
    if (file.has_parent_path()) fs::create_directories(file.parent_path(), error);
    if (error)
        return fail(ErrorCode::io,
                    fmt::format("cannot create `{}`: {}", file.parent_path().string(), error.message()));
    const fs::path temporary = fs::path(file).concat(fmt::format(".{}.tmp", ::getpid()));
    {
        std::ofstream out(temporary, std::ios::binary | std::ios::trunc);
        out.write(text.data(), static_cast<std::streamsize>(text.size()));
        out.close();
        if (!out) {
            const std::string reason = std::strerror(errno);
            fs::remove(temporary, error);
            return fail(ErrorCode::io, fmt::format("cannot write `{}`: {}", file.string(), reason));
        }
    }
    fs::rename(temporary, file, error);
    if (error) {
        const std::string reason = error.message();
        fs::remove(temporary, error);
        return fail(ErrorCode::io, fmt::format("cannot write `{}`: {}", file.string(), reason));
    }
    return {};
}

}  // namespace aimlock
