//! Names of states and provinces that have a two-letter code both sides know.

use crate::text::fields;

/// Lower-case name without spaces, followed by its code: the United States, their territories, Canada.
const NAMES: &str = "alabamaal alaskaak arizonaaz arkansasar californiaca coloradoco connecticutct delawarede districtofcolumbiadc \
floridafl georgiaga hawaiihi idahoid illinoisil indianain iowaia kansasks kentuckyky louisianala maineme marylandmd massachusettsma \
michiganmi minnesotamn mississippims missourimo montanamt nebraskane nevadanv newhampshirenh newjerseynj newmexiconm newyorkny \
northcarolinanc northdakotand ohiooh oklahomaok oregonor pennsylvaniapa rhodeislandri southcarolinasc southdakotasd tennesseetn \
texastx utahut vermontvt virginiava washingtonwa westvirginiawv wisconsinwi wyomingwy puertoricopr guamgu americansamoaas \
usvirginislandsvi northernmarianaislandsmp albertaab britishcolumbiabc manitobamb newbrunswicknb newfoundlandandlabradornl \
newfoundlandnl northwestterritoriesnt novascotians nunavutnu ontarioon princeedwardislandpe quebecqc saskatchewansk yukonyt";

/// Returns the two-letter code of a name that is lower-case and free of spaces and punctuation.
pub(super) fn code(name: &str) -> Option<&'static str> {
    fields(NAMES, b' ').find_map(|entry| {
        let (listed, code) = entry.split_at_checked(entry.len().checked_sub(2)?)?;
        (listed == name).then_some(code)
    })
}
