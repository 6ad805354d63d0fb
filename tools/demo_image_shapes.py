"""Shapes of the demo illustrations, one flat SVG fragment per kind of thing.

Refuses scripts, styles, references and text: a fragment is only paths and fills.
"""

from __future__ import annotations

# Fragments on a 400 x 400 canvas; M, D, L, A and B stand for the palette's colours.
SHAPES: dict[str, str] = {
    "tent": '<path d="M200 95 350 320H50z" fill="M"/><path d="M200 95 350 320H250z" fill="D"/>'
    '<path d="M200 150 245 320H155z" fill="L"/><path d="M200 150 222 320H155z" fill="A"/>',
    "tarp": '<path d="M90 110v215M310 110v215" stroke="D" stroke-width="10"/>'
    '<path d="M60 150 90 105H310L345 150 205 215z" fill="M"/>'
    '<path d="M205 215 345 150 310 105z" fill="A"/>'
    '<path d="M60 150 25 320M345 150 378 320" stroke="D" stroke-width="3"/>',
    "hammock": '<path d="M55 70v260M345 70v260" stroke="D" stroke-width="22"/>'
    '<path d="M55 130Q200 330 345 130Q200 225 55 130z" fill="M"/>'
    '<path d="M110 180Q200 262 290 180Q200 230 110 180z" fill="A"/>',
    "bag": '<path d="M140 90Q200 50 260 90L285 300Q200 350 115 300z" fill="M"/>'
    '<path d="M150 100Q200 70 250 100L240 150Q200 170 160 150z" fill="L"/>'
    '<path d="M128 190H272M124 230H276M119 270H281" stroke="D" stroke-width="5"/>'
    '<path d="M200 160V325" stroke="A" stroke-width="6"/>',
    "mat": '<rect x="60" y="150" width="250" height="150" rx="24" fill="M"/>'
    '<path d="M110 150V300M160 150V300M210 150V300M260 150V300" stroke="D" stroke-width="6"/>'
    '<circle cx="310" cy="225" r="75" fill="D"/><circle cx="310" cy="225" r="50" fill="L"/>'
    '<circle cx="310" cy="225" r="24" fill="A"/>',
    "cushion": '<path d="M90 110Q200 135 310 110Q285 210 310 315Q200 290 90 315Q115 210 90 110z" '
    'fill="M"/><path d="M115 135Q200 152 285 135L278 170Q200 185 122 170z" fill="L"/>'
    '<circle cx="200" cy="225" r="16" fill="A"/>',
    "backpack": '<path d="M150 95Q200 40 250 95" stroke="D" stroke-width="14" fill="none"/>'
    '<rect x="115" y="85" width="170" height="240" rx="48" fill="M"/>'
    '<path d="M115 150Q200 200 285 150V120Q200 60 115 120z" fill="D"/>'
    '<rect x="140" y="220" width="120" height="85" rx="18" fill="L"/>'
    '<path d="M140 245H260" stroke="D" stroke-width="5"/>'
    '<rect x="188" y="165" width="24" height="38" rx="6" fill="A"/>',
    "drybag": '<rect x="130" y="120" width="140" height="210" rx="20" fill="M"/>'
    '<rect x="120" y="90" width="160" height="34" rx="12" fill="D"/>'
    '<path d="M130 190H270V250H130z" fill="L"/><circle cx="200" cy="220" r="18" fill="A"/>'
    '<path d="M170 90Q200 50 230 90" stroke="D" stroke-width="8" fill="none"/>',
    "pouch": '<path d="M40 170Q200 80 360 170" stroke="D" stroke-width="14" fill="none"/>'
    '<path d="M90 160H310Q325 290 200 300Q75 290 90 160z" fill="M"/>'
    '<path d="M90 160H310L305 205H95z" fill="D"/>'
    '<rect x="185" y="190" width="30" height="36" rx="6" fill="A"/>',
    "stove": '<path d="M200 80Q250 140 222 178Q260 160 246 130Q290 190 200 205Q110 190 160 130'
    'Q165 160 182 170Q160 120 200 80z" fill="A"/>'
    '<path d="M120 200H280L265 325H135z" fill="M"/><path d="M120 200H280L277 225H123z" fill="D"/>'
    '<g fill="L"><circle cx="160" cy="270" r="10"/><circle cx="200" cy="270" r="10"/>'
    '<circle cx="240" cy="270" r="10"/></g>',
    "pan": '<rect x="255" y="205" width="125" height="24" rx="12" fill="D"/>'
    '<circle cx="170" cy="215" r="115" fill="D"/><circle cx="170" cy="215" r="94" fill="M"/>'
    '<path d="M125 205Q150 165 195 185Q235 205 210 245Q165 265 125 205z" fill="#fffaf0"/>'
    '<circle cx="175" cy="215" r="24" fill="A"/>',
    "pot": '<path d="M95 165H305V285Q305 325 265 325H135Q95 325 95 285z" fill="M"/>'
    '<path d="M80 150H320V178H80z" fill="D"/><path d="M120 150Q200 85 280 150z" fill="L"/>'
    '<circle cx="200" cy="110" r="14" fill="A"/>'
    '<path d="M305 210Q360 210 340 270H305" stroke="D" stroke-width="12" fill="none"/>',
    "mug": '<path d="M270 175Q350 170 340 235Q330 285 262 275" stroke="D" stroke-width="20" '
    'fill="none"/><path d="M105 130H280L268 310Q192 335 117 310z" fill="M"/>'
    '<ellipse cx="192" cy="130" rx="88" ry="20" fill="D"/>'
    '<ellipse cx="192" cy="133" rx="72" ry="13" fill="A"/>'
    '<path d="M111 215 274 215 271 250 114 250z" fill="L"/>',
    "bottle": '<rect x="170" y="70" width="60" height="60" rx="10" fill="D"/>'
    '<path d="M165 125H235Q265 145 265 185V300Q265 330 235 330H165Q135 330 135 300V185'
    'Q135 145 165 125z" fill="M"/><rect x="135" y="205" width="130" height="65" fill="L"/>'
    '<circle cx="200" cy="238" r="18" fill="A"/>',
    "coffee": '<path d="M110 110H290L225 215H175z" fill="M"/>'
    '<path d="M125 120H275L262 142H138z" fill="D"/><path d="M95 205H305V225H95z" fill="D"/>'
    '<path d="M125 235H275V300Q275 325 250 325H150Q125 325 125 300z" fill="L"/>'
    '<path d="M125 270H275V300Q275 325 250 325H150Q125 325 125 300z" fill="D"/>'
    '<path d="M200 215V262" stroke="A" stroke-width="8"/>',
    "headlamp": '<ellipse cx="200" cy="180" rx="125" ry="70" fill="none" stroke="M" '
    'stroke-width="26"/><rect x="150" y="200" width="100" height="105" rx="26" fill="D"/>'
    '<circle cx="200" cy="248" r="32" fill="L"/><circle cx="200" cy="248" r="18" fill="A"/>',
    "lantern": '<path d="M150 105Q200 40 250 105" stroke="D" stroke-width="8" fill="none"/>'
    '<rect x="140" y="100" width="120" height="34" rx="10" fill="D"/>'
    '<rect x="150" y="134" width="100" height="140" fill="L"/>'
    '<ellipse cx="200" cy="208" rx="26" ry="46" fill="A"/>'
    '<path d="M150 134V274M250 134V274" stroke="D" stroke-width="8"/>'
    '<rect x="125" y="272" width="150" height="52" rx="12" fill="M"/>',
    "knife": '<g transform="rotate(-35 200 215)"><path d="M60 190H235V240H105Q70 235 60 190z" '
    'fill="L"/><path d="M60 190H235V205H63z" fill="M"/>'
    '<rect x="235" y="185" width="125" height="58" rx="24" fill="D"/>'
    '<circle cx="270" cy="214" r="7" fill="A"/><circle cx="320" cy="214" r="7" fill="A"/></g>',
    "axe": '<g transform="rotate(28 200 210)"><rect x="188" y="80" width="26" height="260" rx="12" '
    'fill="A"/><path d="M180 90H232V160H180Q140 165 105 190Q95 125 115 75Q145 90 180 90z" '
    'fill="M"/><path d="M105 190Q95 125 115 75L128 82Q112 130 120 180z" fill="L"/></g>',
    "saw": '<g transform="rotate(-25 200 210)"><path d="M40 190H230V235L40 215z" fill="L"/>'
    '<path d="M40 215 55 228 70 218 85 231 100 221 115 234 130 224 145 237 160 227 175 240 '
    '190 229 205 240 220 233" fill="none" stroke="D" stroke-width="5"/>'
    '<rect x="222" y="180" width="145" height="64" rx="26" fill="M"/>'
    '<circle cx="248" cy="212" r="10" fill="A"/></g>',
    "compass": '<circle cx="200" cy="210" r="125" fill="M"/><circle cx="200" cy="210" r="100" '
    'fill="L"/><path d="M200 120 225 210H175z" fill="A"/><path d="M200 300 225 210H175z" '
    'fill="D"/><circle cx="200" cy="210" r="10" fill="B"/>'
    '<path d="M200 95V112M200 308V325M85 210H102M298 210H315" stroke="B" stroke-width="6"/>',
    "tin": '<rect x="85" y="150" width="230" height="165" rx="26" fill="M"/>'
    '<path d="M85 195V176Q85 150 111 150H289Q315 150 315 176V195z" fill="D"/>'
    '<path d="M185 220H215V245H240V275H215V300H185V275H160V245H185z" fill="L"/>'
    '<path d="M130 150 175 95 190 150" fill="none" stroke="A" stroke-width="8"/>',
    "jacket": '<path d="M150 100 200 125 250 100 315 150 345 290 300 300 280 215V325H120V215'
    'L100 300 55 290 85 150z" fill="M"/><path d="M150 100Q200 60 250 100L200 145z" fill="D"/>'
    '<path d="M200 140V325" stroke="A" stroke-width="7"/>'
    '<path d="M135 255H180V295H135zM220 255H265V295H220z" fill="L"/>',
    "jumper": '<path d="M155 105H245L310 150 345 290 300 302 275 215V320H125V215L100 302 55 290 '
    '90 150z" fill="M"/><path d="M155 105Q200 145 245 105V90H155z" fill="D"/>'
    '<path d="M90 190H310M125 215H275" stroke="L" stroke-width="12" stroke-dasharray="16 12"/>'
    '<path d="M125 302H275V322H125z" fill="D"/>',
    "hat": '<path d="M105 235Q100 105 200 100Q300 105 295 235z" fill="M"/>'
    '<path d="M150 230Q145 140 185 105M250 230Q255 140 215 105M200 100V230" stroke="D" '
    'stroke-width="5" fill="none"/><rect x="90" y="225" width="220" height="70" rx="20" fill="D"/>'
    '<path d="M110 260H290" stroke="A" stroke-width="10" stroke-dasharray="14 10"/>',
    "mittens": '<path d="M85 180Q85 110 130 110Q175 110 175 180V260H90z" fill="M"/>'
    '<path d="M170 195Q205 165 205 205Q200 235 172 245z" fill="M"/>'
    '<rect x="85" y="255" width="95" height="60" rx="10" fill="D"/>'
    '<path d="M88 285H177" stroke="A" stroke-width="8" stroke-dasharray="12 8"/>',
    "socks": '<path d="M110 90H185V225Q210 240 240 262Q255 305 205 305Q110 300 110 240z" '
    'fill="M"/><path d="M110 90H185V125H110z" fill="D"/><path d="M110 145H185V160H110z" fill="A"/>'
    '<path d="M110 232Q150 235 152 290Q112 275 110 240z" fill="L"/>',
    "scarf": '<path d="M110 130Q200 70 290 130Q310 200 200 215Q90 200 110 130z" fill="M"/>'
    '<path d="M145 140Q200 110 255 140Q200 175 145 140z" fill="D"/>'
    '<path d="M170 205H240L255 325H175z" fill="M"/><path d="M173 265H247L251 292H174z" fill="A"/>',
    "slippers": '<path d="M70 215Q150 140 210 165Q260 185 255 235H75z" fill="M"/>'
    '<path d="M75 215Q110 180 150 168Q150 210 125 225z" fill="D"/>'
    '<path d="M65 232H258V252H70z" fill="A"/>',
    "boots": '<path d="M95 90H170V230Q235 235 240 285H95z" fill="M"/>'
    '<path d="M95 90H170V115H95z" fill="D"/><path d="M90 283H243V308H90z" fill="D"/>'
    '<path d="M150 130V205" stroke="L" stroke-width="8"/>',
    "bowl": '<path d="M75 185H325Q315 300 235 310H165Q85 300 75 185z" fill="M"/>'
    '<ellipse cx="200" cy="185" rx="125" ry="30" fill="D"/>'
    '<ellipse cx="200" cy="190" rx="104" ry="20" fill="L"/>'
    '<path d="M85 230Q140 260 200 236T316 228L310 250Q250 262 200 256T92 256z" fill="A"/>'
    '<rect x="160" y="305" width="80" height="18" rx="6" fill="D"/>',
    "board": '<rect x="90" y="120" width="220" height="200" rx="20" fill="A"/>'
    '<path d="M180 120Q180 70 200 70T220 120z" fill="A"/><circle cx="200" cy="97" r="7" fill="B"/>'
    '<path d="M110 165Q200 150 290 170M110 215Q200 235 290 210M110 270Q200 255 290 275" '
    'stroke="D" stroke-width="3" fill="none"/><circle cx="240" cy="225" r="34" fill="M"/>'
    '<circle cx="240" cy="225" r="22" fill="L"/>',
    "textile": '<path d="M95 95H305V305H95z" fill="L"/><path d="M95 95H305V125H95zM95 262H305V280'
    'H95z" fill="M"/><path d="M95 145H305M95 240H305" stroke="A" stroke-width="6"/>'
    '<path d="M200 95V305" stroke="D" stroke-width="2"/><path d="M100 305V325M130 305V325M160 305'
    'V325M190 305V325M220 305V325M250 305V325M280 305V325" stroke="D" stroke-width="5"/>',
    "bedding": '<rect x="60" y="130" width="280" height="70" rx="14" fill="D"/>'
    '<rect x="85" y="150" width="100" height="60" rx="20" fill="L"/>'
    '<rect x="215" y="150" width="100" height="60" rx="20" fill="L"/>'
    '<path d="M55 215Q200 190 345 215V310H55z" fill="M"/><path d="M55 215Q200 190 345 215V240'
    'Q200 215 55 240z" fill="A"/>',
    "apron": '<path d="M160 100 150 175Q145 200 110 205V325H290V205Q255 200 250 175L240 100z" '
    'fill="M"/><path d="M160 100Q200 30 240 100" stroke="D" stroke-width="10" fill="none"/>'
    '<rect x="150" y="230" width="100" height="60" rx="8" fill="L"/>'
    '<path d="M225 200V245" stroke="A" stroke-width="9"/>',
    "pendant": '<path d="M200 0V110" stroke="D" stroke-width="5"/>'
    '<path d="M165 110H235L320 260H80z" fill="M"/><path d="M185 110H200L170 260H125zM215 110H225L'
    '285 260H240z" fill="L"/><ellipse cx="200" cy="260" rx="120" ry="18" fill="A"/>',
    "lamp": '<path d="M150 85H250L290 200H110z" fill="L"/><path d="M105 195H295V208H105z" '
    'fill="A"/><path d="M190 208H210V240H190z" fill="D"/><path d="M200 235Q270 250 262 300Q255 325 '
    '200 325Q145 325 138 300Q130 250 200 235z" fill="M"/>',
    "candle": '<path d="M200 75Q225 110 200 135Q175 110 200 75z" fill="A"/>'
    '<path d="M200 130V160" stroke="D" stroke-width="5"/><path d="M130 165H270V315Q200 335 130 '
    '315z" fill="M"/><ellipse cx="200" cy="165" rx="70" ry="15" fill="L"/>'
    '<rect x="155" y="215" width="90" height="55" fill="L"/>',
    "basket": '<path d="M115 190Q200 40 285 190" stroke="D" stroke-width="14" fill="none"/>'
    '<path d="M80 180H320L290 325H110z" fill="A"/><path d="M85 205H315M91 235H309M97 265H303M103 '
    '295H297" stroke="D" stroke-width="8" stroke-dasharray="24 14"/>'
    '<path d="M72 172H328V196H72z" fill="M"/>',
    "rack": '<rect x="50" y="130" width="300" height="40" rx="10" fill="A"/><g fill="D"><circle '
    'cx="95" cy="150" r="14"/><circle cx="165" cy="150" r="14"/><circle cx="235" cy="150" r="14"/>'
    '<circle cx="305" cy="150" r="14"/></g><path d="M165 160 215 200V315H115V200z" fill="M"/>'
    '<path d="M305 160Q270 250 290 300H320Q340 250 305 160z" fill="L"/>',
    "stool": '<path d="M135 175 105 325M265 175 295 325M200 180V318" stroke="D" stroke-width="18"/>'
    '<ellipse cx="200" cy="165" rx="120" ry="34" fill="M"/>'
    '<ellipse cx="200" cy="156" rx="120" ry="32" fill="A"/>'
    '<ellipse cx="200" cy="158" rx="78" ry="17" fill="L"/>',
    "trowel": '<g transform="rotate(30 200 210)"><path d="M160 80H240V160Q240 220 200 240Q160 220 '
    '160 160z" fill="M" transform="rotate(180 200 160)"/><path d="M193 230H207V270H193z" fill="D"/>'
    '<rect x="182" y="262" width="36" height="90" rx="16" fill="A"/>'
    '<path d="M175 130H225M180 165H220" stroke="L" stroke-width="5"/></g>',
    "can": '<path d="M255 190Q345 170 330 260Q315 300 258 295" stroke="D" stroke-width="14" '
    'fill="none"/><path d="M150 240 60 125 78 112 160 190z" fill="D"/><path d="M40 128 88 92 94 '
    '108 56 140z" fill="A"/><path d="M140 165H260L270 325H130z" fill="M"/>'
    '<path d="M136 235H265L267 262H134z" fill="L"/>',
    "birdhouse": '<path d="M200 90 320 185H80z" fill="D"/><path d="M110 180H290V325H110z" '
    'fill="M"/><circle cx="200" cy="225" r="30" fill="B"/><circle cx="200" cy="225" r="22" '
    'fill="D"/><path d="M110 290H290" stroke="L" stroke-width="5"/>'
    '<path d="M285 130Q325 95 345 130L362 128 345 142Q325 165 285 130z" fill="A"/>',
    "seeds": '<rect x="120" y="150" width="160" height="175" rx="14" fill="M"/><rect x="120" '
    'y="195" width="160" height="85" fill="L"/><path d="M200 270V110M200 160 160 120M200 150 245 '
    '105" stroke="D" stroke-width="6"/><circle cx="200" cy="100" r="22" fill="A"/><circle cx="155" '
    'cy="115" r="15" fill="A"/><circle cx="250" cy="98" r="17" fill="A"/>',
    "card": '<rect x="65" y="120" width="270" height="180" rx="22" fill="M"/><path d="M65 195H335V'
    '225H65z" fill="A"/><path d="M185 120H215V300H185z" fill="A"/><path d="M200 210Q140 140 150 '
    '190T200 210Q260 140 250 190T200 210z" fill="L"/>',
    "map": '<path d="M60 125 155 95V300L60 330z" fill="L"/><path d="M155 95 250 125V330L155 300z" '
    'fill="M"/><path d="M250 125 345 95V300L250 330z" fill="L"/><path d="M85 290Q130 200 180 230T'
    '310 140" stroke="A" stroke-width="8" fill="none" stroke-dasharray="18 10"/>'
    '<circle cx="310" cy="140" r="14" fill="D"/>',
    "book": '<rect x="105" y="85" width="195" height="245" rx="10" fill="D"/><rect x="120" y="85" '
    'width="185" height="230" rx="8" fill="M"/><path d="M212 140Q260 200 232 230Q205 250 182 228'
    'Q160 190 212 140z" fill="A"/><path d="M150 275H275" stroke="L" stroke-width="9"/>',
    "jar": '<path d="M120 150H280V300Q280 328 252 328H148Q120 328 120 300z" fill="M"/>'
    '<path d="M120 215H280V262H120z" fill="L"/><rect x="108" y="118" width="184" height="38" '
    'rx="10" fill="A"/><circle cx="200" cy="108" r="15" fill="D"/>',
    "chair": '<path d="M135 215V90Q135 60 200 60T265 90V215" fill="none" stroke="D" '
    'stroke-width="13"/><path d="M165 215V105Q200 85 235 105V215" fill="none" stroke="M" '
    'stroke-width="8"/><path d="M132 225 115 330M268 225 285 330M165 230 160 318M235 230 240 318" '
    'stroke="D" stroke-width="11"/><ellipse cx="200" cy="220" rx="88" ry="22" fill="A"/>',
    "spoon": '<g transform="rotate(38 200 210)"><ellipse cx="200" cy="110" rx="52" ry="72" '
    'fill="A"/><ellipse cx="200" cy="105" rx="34" ry="52" fill="D"/><path d="M190 175H210L220 350'
    'Q200 365 180 350z" fill="A"/></g>',
    "bread": '<path d="M70 240Q70 130 200 125T330 240Q330 305 290 310H110Q70 305 70 240z" '
    'fill="A"/><path d="M110 200Q190 130 290 190Q200 165 110 200z" fill="#fff3dc"/>'
    '<path d="M85 270Q200 300 315 270Q310 305 290 310H110Q90 305 85 270z" fill="D"/>',
    "fire": '<path d="M200 70Q290 180 250 250Q300 230 285 185Q335 290 200 318Q65 290 115 185'
    'Q100 230 150 250Q110 180 200 70z" fill="A"/><path d="M200 175Q245 240 222 285Q200 300 178 285'
    'Q155 240 200 175z" fill="L"/><path d="M85 300 315 335M315 300 85 335" stroke="D" '
    'stroke-width="20"/>',
    "bench": '<path d="M70 150H330V175H70zM70 187H330V212H70z" fill="A"/>'
    '<path d="M55 235H345V258H55z" fill="M"/><path d="M95 145V325M305 145V325M75 258V325M325 258'
    'V325" stroke="D" stroke-width="12"/>',
    "bicycle": '<g fill="none" stroke="D" stroke-width="10"><circle cx="105" cy="250" r="70"/>'
    '<circle cx="295" cy="250" r="70"/></g><path d="M105 250 165 150H260L200 250zL200 250 165 150'
    'M260 150 295 250M260 150 250 115H282" fill="none" stroke="M" stroke-width="11"/>'
    '<path d="M140 140H190" stroke="A" stroke-width="14"/><circle cx="200" cy="250" r="14" '
    'fill="A"/>',
    "tram": '<path d="M165 75 200 45 235 75" fill="none" stroke="D" stroke-width="6"/>'
    '<rect x="95" y="75" width="210" height="225" rx="34" fill="M"/><rect x="120" y="105" '
    'width="160" height="90" rx="12" fill="L"/><path d="M95 215H305V240H95z" fill="A"/>'
    '<circle cx="130" cy="268" r="14" fill="B"/><circle cx="270" cy="268" r="14" fill="B"/>'
    '<path d="M85 305H315V325H85z" fill="D"/>',
}

# Things that come in twos, and where the second one stands.
SECOND_OF_A_PAIR: dict[str, str] = {
    "mittens": "translate(400 0) scale(-1 1)",
    "socks": "translate(90 18)",
    "slippers": "translate(75 62)",
    "boots": "translate(80 18)",
}

# Product types of the shop export, by the shape that stands for them.
SHAPE_OF_TYPE: dict[str, str] = {
    "Apron": "apron", "Axe": "axe", "Backpack": "backpack", "Base Layer": "jumper",
    "Basket": "basket", "Bedding": "bedding", "Bird House": "birdhouse", "Blanket": "textile",
    "Board": "board", "Book": "book", "Boots": "boots", "Bottle": "bottle", "Bowl": "bowl",
    "Candle": "candle", "Coat Rack": "rack", "Coffee": "coffee", "Compass": "compass",
    "Cookware": "pan", "Cushion": "cushion", "Dry Bag": "drybag", "Fire Bowl": "fire",
    "Garden Tool": "trowel", "Gift Card": "card", "Hammock": "hammock", "Hat": "hat",
    "Headlamp": "headlamp", "Jacket": "jacket", "Jar": "jar", "Jumper": "jumper",
    "Knife": "knife", "Lantern": "lantern", "Map": "map", "Mittens": "mittens", "Mug": "mug",
    "Pendant Lamp": "pendant", "Pillow": "cushion", "Pouch": "pouch", "Repair Kit": "tin",
    "Rug": "textile", "Saw": "saw", "Scarf": "scarf", "Seeds": "seeds", "Sleeping Bag": "bag",
    "Sleeping Mat": "mat", "Slippers": "slippers", "Socks": "socks", "Stool": "stool",
    "Stove": "stove", "Table Lamp": "lamp", "Tarp": "tarp", "Teapot": "pot", "Tent": "tent",
    "Textile": "textile", "Watering Can": "can",
}  # fmt: skip
