#include "image/base_check.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "solver/engine/cuda_image_tags.hpp"
#include "tests/unit/image/sample_environment.hpp"

namespace aimlock {
namespace {

using testing::conda_package;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using testing::lock_of;
using testing::wheel;

const std::string digest = "@sha256:" + std::string(64, 'a');

Result<std::vector<std::string>> check(const std::string& base, std::vector<Package> packages = {}) {
    Lock lock = lock_of(std::move(packages));
    lock.base.reset();
    ImageManifest image;
    image.base = base;
    return check_base(lock, LayerPlan{"gpu", 16, {}}, image);
}

TEST(BaseCheck, a_tag_without_patch_release_is_refused_and_the_one_with_it_named) {
    const auto refused = check("nvidia/cuda:12.4-runtime-ubuntu22.04");
    ASSERT_FALSE(refused);
    EXPECT_EQ(ErrorCode::refused, refused.error().code);
    EXPECT_THAT(refused.error().hint, HasSubstr("nvidia/cuda:12.4.1-runtime-ubuntu22.04"));
    EXPECT_FALSE(check("registry.example:5000/nvidia/cuda:12.2-base-ubi8"));
    EXPECT_FALSE(check("nvidia/cuda:99.1-base-ubuntu30.04"));
    // A digest says which image it is, whatever the tag.
    EXPECT_TRUE(check("nvidia/cuda:12.4-base-ubuntu22.04" + digest));
    EXPECT_THAT(check("nvidia/cuda:12.4.1-base-ubuntu22.04").value(), IsEmpty());
    EXPECT_THAT(check("pytorch/pytorch:2.4.0-cuda12.1-cudnn9-runtime").value(), IsEmpty());
    EXPECT_THAT(check("ubuntu:22.04").value(), IsEmpty());
    EXPECT_THAT(check("").value(), IsEmpty());
}

TEST(BaseCheck, a_digest_that_is_none_is_refused) {
    EXPECT_TRUE(check("ubuntu:22.04" + digest));
    EXPECT_FALSE(check("ubuntu:22.04@sha256:abc"));
    EXPECT_FALSE(check("ubuntu:22.04@latest"));
}

TEST(BaseCheck, tags_that_are_gone_or_will_be_are_told) {
    EXPECT_THAT(check("nvidia/cuda:10.2.0-base-ubuntu18.04").value(), ElementsAre(HasSubstr("was deleted")));
    EXPECT_THAT(check("nvidia/cuda:12.2.0-base-ubuntu22.04").value(),
                ElementsAre(::testing::AllOf(HasSubstr("was deleted"), HasSubstr("take 12.2.2"))));
    EXPECT_THAT(
        check("nvidia/cuda:11.8.0-base-ubuntu22.04" + digest).value(),
        ElementsAre(::testing::AllOf(HasSubstr("support has ended"), HasSubstr("the digest with them"))));
    EXPECT_THAT(check("nvidia/cuda:12.6.1-base-ubuntu22.04").value(),
                ElementsAre(HasSubstr("12.6.3 is the newest")));
    EXPECT_EQ(CudaImageTag::State::unknown, cuda_image_tag("12.9.7").state);
    EXPECT_EQ(CudaImageTag::State::unknown, cuda_image_tag("nightly").state);
}

TEST(BaseCheck, cuda_in_base_and_lock_is_told_with_the_smaller_base) {
    const auto warnings =
        check("nvidia/cuda:12.2.2-cudnn8-runtime-ubuntu22.04",
              {wheel("nvidia-cublas-cu12", 400U << 20U, false), wheel("requests", 1 << 20)});
    ASSERT_TRUE(warnings);
    EXPECT_THAT(*warnings, ElementsAre(::testing::AllOf(HasSubstr("wheels (400 MiB: nvidia-cublas-cu12)"),
                                                        HasSubstr("nvidia/cuda:12.2.2-base-ubuntu22.04"))));
    EXPECT_THAT(
        check("nvidia/cuda:12.2.2-base-ubuntu22.04", {wheel("nvidia-cublas-cu12", 400U << 20U, false)})
            .value(),
        IsEmpty());
}

TEST(BaseCheck, cuda_from_both_worlds_is_told_with_its_size) {
    const auto warnings = check(
        "ubuntu:22.04", {conda_package("libcublas", 2048U << 20U), conda_package("libcublas-dev", 1 << 20),
                         wheel("nvidia-cublas-cu12", 400U << 20U, false)});
    ASSERT_TRUE(warnings);
    EXPECT_THAT(*warnings, ElementsAre(::testing::AllOf(HasSubstr("conda (2.0 GiB: libcublas)"),
                                                        HasSubstr("wheels (400 MiB: nvidia-cublas-cu12)"))));
    // Two libraries, one from each world, are no copy of each other.
    EXPECT_THAT(
        check("ubuntu:22.04", {conda_package("nccl", 1 << 20), wheel("nvidia-cublas-cu12", 1 << 20)}).value(),
        IsEmpty());
}

}  // namespace
}  // namespace aimlock
