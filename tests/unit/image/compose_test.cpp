#include "image/compose.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "image/generated.hpp"
#include "image/side_files.hpp"
#include "tests/support/golden.hpp"

namespace aimlock {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

ServiceSettings settings() {
    ServiceSettings out;
    out.name = "AIML hybrid GPU";
    out.ports = {8888};
    return out;
}

TEST(Compose, HasAGpuAndACpuService) {
    testing::expect_golden("image/compose.yaml", render_compose(settings()));
}

TEST(Compose, UsesTheShortFormOnlyWhenAsked) {
    ServiceSettings with = settings();
    with.image.compose_gpus = true;
    EXPECT_THAT(render_compose(with), HasSubstr("    gpus: all\n"));
    EXPECT_THAT(render_compose(with), Not(HasSubstr("devices")));
}

TEST(Compose, OpensNoPortWhereTheImageHasNone) {
    ServiceSettings with = settings();
    with.ports.clear();
    EXPECT_THAT(render_compose(with), Not(HasSubstr("ports")));
}

TEST(ImageName, IsAReference) {
    EXPECT_EQ(image_name("AIML hybrid GPU"), "aiml-hybrid-gpu");
    EXPECT_EQ(image_name("--x__"), "x");
    EXPECT_EQ(image_name(""), "aimlock-env");
}

TEST(SideFiles, OpenInADevcontainer) {
    testing::expect_golden("image/devcontainer.json", render_devcontainer(settings()));
}

TEST(SideFiles, BakeThreeTargets) {
    testing::expect_golden("image/docker-bake.json", render_bake(settings()));
}

TEST(SideFiles, CarryTheMarkerNearTheTop) {
    for (const std::string& text : {render_compose(settings()), render_devcontainer(settings()),
                                    render_bake(settings()), render_dockerignore()}) {
        EXPECT_LT(text.find(generated_marker), 300U);
    }
}

}  // namespace
}  // namespace aimlock
