#include "solver/spec/requirement.hpp"

#include <string>

#include <gtest/gtest.h>

namespace aimlock {
namespace {

struct Fault {
    std::string text;
    std::uint32_t column;
    std::string part_of_message;
};

TEST(Requirement, ErrorsPointAtTheOffendingByte) {
    for (const Fault& fault :
         {Fault{"", 5, "expected a package name"}, Fault{"name 1.0", 10, "expected `;`"},
          Fault{"name[a", 11, "expected `,` or `]`"}, Fault{"name[a,]", 12, "after `,`"},
          Fault{"name[a b]", 12, "expected `,` or `]`"}, Fault{"name(>=1", 13, "expected `)`"},
          Fault{"name @ ", 12, "expected a URL"}, Fault{"name >=1,<x", 15, "is not a PEP 440 version"},
          Fault{"name; os_name = 'posix'", 19, "expected one of <="},
          Fault{"name; oops == 'x'", 11, "expected a marker variable"},
          Fault{"name; (os_name == 'x'", 26, "expected `)`"},
          Fault{"name @ https://a.example; os_name == 'x'", 31, "expected `;`"}}) {
        const auto parsed = Requirement::parse(fault.text, SourcePos{"requirements.txt", 4, 5});
        ASSERT_FALSE(parsed) << fault.text;
        EXPECT_EQ(parsed.error().pos, (SourcePos{"requirements.txt", 4, fault.column}))
            << fault.text << ": " << parsed.error().message;
        EXPECT_NE(parsed.error().message.find(fault.part_of_message), std::string::npos)
            << parsed.error().message;
    }
}

TEST(Requirement, OldFormsAreRead) {
    EXPECT_EQ(Requirement::parse("Zope.Interface (>=1.0) ; extra == 'B_c'")->text(),
              "zope-interface>=1.0; extra == \"b-c\"");
    EXPECT_EQ(Requirement::parse("a()")->text(), "a");
}

TEST(Requirement, NamesAreNormalisedAndKept) {
    const Requirement requirement =
        *Requirement::parse("Foo_Bar[Z_z,a,A] @ https://index.example/x.whl ; os_name=='nt'");
    EXPECT_EQ(requirement.name, "foo-bar");
    EXPECT_EQ(requirement.written_name, "Foo_Bar");
    EXPECT_EQ(requirement.extras, (std::vector<std::string>{"a", "z-z"}));
    EXPECT_EQ(requirement.text(), "foo-bar[a,z-z] @ https://index.example/x.whl ; os_name == \"nt\"");
}

}  // namespace
}  // namespace aimlock
