#include "tests/support/shared.hpp"

#include <cstring>
#include <fstream>
#include <iterator>
#include <utility>

#include <gtest/gtest.h>
#include <zstd.h>

namespace aimlock::testing {

std::optional<std::filesystem::path> shared_path(const std::string& name) {
    std::filesystem::path path = std::filesystem::path(AIMLOCK_SOURCE_DIR) / "../shared" / name;
    if (!std::filesystem::exists(path)) return std::nullopt;
    return std::filesystem::canonical(path);
}

std::string read_shared(const std::filesystem::path& file) {
    std::ifstream in(file, std::ios::binary);
    EXPECT_TRUE(in) << "cannot read " << file;
    std::string bytes{std::istreambuf_iterator<char>(in), {}};
    if (file.extension() != ".zst") return bytes;
    std::string text;
    const auto context = ::ZSTD_createDCtx();
    ::ZSTD_inBuffer input{bytes.data(), bytes.size(), 0};
    std::string piece(::ZSTD_DStreamOutSize(), '\0');
    while (input.pos < input.size) {
        ::ZSTD_outBuffer output{piece.data(), piece.size(), 0};
        const std::size_t rest = ::ZSTD_decompressStream(context, &output, &input);
        if (::ZSTD_isError(rest) != 0U) {
            ADD_FAILURE() << file << ": " << ::ZSTD_getErrorName(rest);
            break;
        }
        text.append(piece.data(), output.pos);
    }
    ::ZSTD_freeDCtx(context);
    return text;
}

void for_each_file(std::string_view tar,
                   const std::function<void(std::string_view, std::string_view)>& take) {
    std::string long_name;
    while (tar.size() >= 512 && tar[0] != '\0') {
        const auto field = [&](std::size_t at, std::size_t size) {
            return std::string(tar.substr(at, size).data(), ::strnlen(tar.data() + at, size));
        };
        const std::size_t size = std::stoul("0" + field(124, 12), nullptr, 8);
        const std::string prefix =
            field(257, 5) == "ustar" && field(345, 155) != "" ? field(345, 155) + "/" : "";
        const std::string name = long_name.empty() ? prefix + field(0, 100) : std::exchange(long_name, {});
        const std::string_view content = tar.substr(512, size);
        if (tar[156] == 'L') long_name = std::string(content.substr(0, content.find('\0')));
        if (tar[156] == '0' || tar[156] == '\0') take(name, content);
        tar.remove_prefix(512 + (size + 511) / 512 * 512);
    }
}

}  // namespace aimlock::testing
