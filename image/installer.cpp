#include "image/installer.hpp"

#include <array>
#include <cstring>
#include <fstream>
#include <vector>

#include <elf.h>
#include <fmt/format.h>

namespace aimlock {
namespace {

constexpr std::string_view build_hint =
    "build the static program with `cmake --preset static && cmake --build --preset static`, or name one "
    "with --installer";

/// The ELF machine that a conda platform stands for; EM_NONE for one that has no images.
std::uint16_t machine_of(std::string_view platform) {
    if (platform == "linux-64") return EM_X86_64;
    if (platform == "linux-aarch64") return EM_AARCH64;
    if (platform == "linux-ppc64le") return EM_PPC64;
    return EM_NONE;
}

template <class Record>
bool read_record(std::ifstream& in, std::uint64_t offset, Record& record) {
    std::array<char, sizeof(Record)> bytes{};
    in.seekg(static_cast<std::streamoff>(offset));
    if (!in.read(bytes.data(), bytes.size())) return false;
    std::memcpy(&record, bytes.data(), sizeof(Record));
    return true;
}

/// nullopt-like: empty text when the program needs no loader, else why it cannot be used.
std::string unusable(std::ifstream& in, std::string_view platform) {
    Elf64_Ehdr head{};
    if (!read_record(in, 0, head) ||
        std::memcmp(static_cast<const void*>(head.e_ident), ELFMAG, SELFMAG) != 0) {
        return "is not an ELF program";
    }
    if (head.e_ident[EI_CLASS] != ELFCLASS64 || head.e_machine != machine_of(platform)) {
        return fmt::format("is not a program for {}", platform);
    }
    if ((head.e_type != ET_EXEC && head.e_type != ET_DYN) || head.e_entry == 0)
        return "is not an ELF program";
    for (std::uint64_t i = 0; i < head.e_phnum; ++i) {
        Elf64_Phdr segment{};
        if (!read_record(in, head.e_phoff + i * head.e_phentsize, segment)) return "is cut short";
        if (segment.p_type == PT_INTERP) return "is linked dynamically, so it cannot run in every base image";
    }
    return {};
}

}  // namespace

Result<Sha256> check_installer(const std::filesystem::path& program, std::string_view platform) {
    std::ifstream in(program, std::ios::binary);
    if (!in) {
        return fail(ErrorCode::io, fmt::format("cannot read the installer `{}`", program.string()),
                    std::string(build_hint));
    }
    if (const std::string why = unusable(in, platform); !why.empty()) {
        return fail(ErrorCode::refused, fmt::format("the installer `{}` {}", program.string(), why),
                    std::string(build_hint));
    }
    in.clear();
    in.seekg(0);
    Sha256Stream digest;
    std::vector<char> buffer(std::size_t{1} << 20U);
    while (in.read(buffer.data(), static_cast<std::streamsize>(buffer.size())) || in.gcount() > 0) {
        digest.update({buffer.data(), static_cast<std::size_t>(in.gcount())});
    }
    return digest.finish();
}

}  // namespace aimlock
