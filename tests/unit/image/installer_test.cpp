#include "image/installer.hpp"

#include <cstring>
#include <string>

#include <elf.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/support/temp_dir.hpp"

namespace aimlock {
namespace {

using ::testing::HasSubstr;

/// An ELF file of one segment.
std::string program(std::uint32_t segment, std::uint16_t machine = EM_X86_64) {
    Elf64_Ehdr head{};
    std::memcpy(static_cast<void*>(head.e_ident), ELFMAG, SELFMAG);
    head.e_ident[EI_CLASS] = ELFCLASS64;
    head.e_type = ET_EXEC;
    head.e_machine = machine;
    head.e_entry = 0x400000;
    head.e_phoff = sizeof(head);
    head.e_phentsize = sizeof(Elf64_Phdr);
    head.e_phnum = 1;
    Elf64_Phdr one{};
    one.p_type = segment;
    std::string bytes(sizeof(head) + sizeof(one), '\0');
    std::memcpy(bytes.data(), &head, sizeof(head));
    std::memcpy(bytes.data() + sizeof(head), &one, sizeof(one));
    return bytes;
}

TEST(Installer, IsAStaticProgramOfThePlatform) {
    const testing::TempDir folder;
    const std::string bytes = program(PT_LOAD);
    const auto digest = check_installer(folder.write("static", bytes), "linux-64");
    ASSERT_TRUE(digest) << digest.error().message;
    EXPECT_EQ(*digest, sha256_of(bytes));
    EXPECT_TRUE(check_installer(folder.write("arm", program(PT_LOAD, EM_AARCH64)), "linux-aarch64"));
}

TEST(Installer, RefusesADynamicOneAndSaysHowToBuildTheOther) {
    const testing::TempDir folder;
    const auto refused = check_installer(folder.write("dynamic", program(PT_INTERP)), "linux-64");
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().code, ErrorCode::refused);
    EXPECT_THAT(refused.error().message, HasSubstr("linked dynamically"));
    EXPECT_THAT(refused.error().hint, HasSubstr("cmake --preset static"));
}

TEST(Installer, RefusesWhatIsNoProgramForTheImage) {
    const testing::TempDir folder;
    EXPECT_FALSE(check_installer(folder.path() / "absent", "linux-64"));
    EXPECT_FALSE(check_installer(folder.write("script", "#!/bin/sh\n"), "linux-64"));
    EXPECT_FALSE(check_installer(folder.write("arm", program(PT_LOAD, EM_AARCH64)), "linux-64"));
    EXPECT_FALSE(check_installer(folder.write("cut", program(PT_LOAD).substr(0, 70)), "linux-64"));
    EXPECT_FALSE(check_installer(folder.write("mac", program(PT_LOAD)), "osx-arm64"));
}

}  // namespace
}  // namespace aimlock
